"""What a measurement would tell about a question: mutual information over the members, in nats.

The members with their weights are the prior. An answer belongs to each member, with certainty (yes or no) or as a
density (a number, to within its own resolution); a measured mean is normal around each member's contrast. Information
about answers, not about members: what only tells members of one answer apart counts nothing (Lindley 1956,
doi 10.1214/aoms/1177728069).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import xlogy

from pathway.scenario.weighted import effective_sample_size, weighted_quantiles

_PER_DEVIATION, _FAR, _MOST_POINTS = 4.0, 9.0, 20_000
DRAWS, SHUFFLES, SEED = 8, 10, 1
"""Of the noise in each member, for several measurements; of answers among members, for what chance tells."""
_LEAST_SCATTER = 1e-9


@dataclass(frozen=True, eq=False)
class Answers:
    """What the members answer to a question.

    Attributes
    ----------
    question : str
    likelihood : array, shape (n_members, n_answers)
        The probability of each answer in a member; each row adds up to 1.
    shares : mapping of answer to float
        What the members say now; of a number, its median and middle 90 %.
    """

    question: str
    likelihood: np.ndarray
    shares: dict[str, float] = field(default_factory=dict)

    def entropy(self, weights: np.ndarray) -> float:
        """The doubt that there is, in nats; of a number, what could be told at most."""
        own = -xlogy(self.likelihood, self.likelihood).sum(axis=1)
        marginal = weights @ self.likelihood
        return max(0.0, float(-xlogy(marginal, marginal).sum() - weights @ own))


def categorical_answers(question: str, answers: Sequence[str], weights: np.ndarray) -> Answers:
    """One of several answers in each member, shape (n_members,)."""
    names = sorted(set(answers))
    likelihood = np.array([[answer == name for name in names] for answer in answers], dtype=float)
    return Answers(question, likelihood, dict(zip(names, (weights @ likelihood).tolist(), strict=True)))


def numeric_answers(question: str, values: np.ndarray, weights: np.ndarray, resolution: float | None = None) -> Answers:
    """A number in each member, shape (n_members,), asked to within a resolution.

    Parameters
    ----------
    resolution : float, optional
        Standard deviation. Unless told otherwise as many members as there are can tell (Silverman 1986: 1.06 standard
        deviations by the fifth root of their effective number).
    """
    mean = float(weights @ values)
    spread = float(np.sqrt(weights @ (values - mean) ** 2))
    if resolution is None:
        resolution = 1.06 * spread * effective_sample_size(weights) ** -0.2
    resolution = max(resolution, _LEAST_SCATTER * max(1.0, abs(mean)))
    grid, _ = _grid(values, np.full(len(values), resolution))
    density = np.exp(-0.5 * ((grid - values[:, None]) / resolution) ** 2)
    return Answers(question, density / density.sum(axis=1, keepdims=True), {"mean": mean, "standard deviation": spread})


def shuffled_answers(answers: Answers, count: int = SHUFFLES) -> np.ndarray:
    """Answers given to other members at random, shape (count, n_members, n_answers): they show what chance tells."""
    rng = np.random.default_rng(SEED)
    return np.stack([rng.permutation(answers.likelihood) for _ in range(count)])


def resolved_noise(value: np.ndarray, noise: np.ndarray, weights: np.ndarray, measurements: int = 1) -> np.ndarray:
    """The noise, and beside it what so many members cannot resolve, shape (n_members,).

    Where the noise is small beside the distance of two members, a result would name the member, and with it any answer
    whatever. Members stand for what lies between them: the bandwidth of a density estimate (Silverman 1986) in so many
    dimensions is added to the noise.
    """
    low, median, high = weighted_quantiles(value, weights, (0.25, 0.5, 0.75))
    deviation = float(np.sqrt(weights @ (value - median) ** 2))
    spread = min(deviation, (high - low) / 1.34) if high > low else deviation
    bandwidth = spread * effective_sample_size(weights) ** (-1.0 / (measurements + 4.0))
    return np.sqrt(noise**2 + bandwidth**2)


def expected_information_gain(answers: Answers, value: np.ndarray, noise: np.ndarray, weights: np.ndarray) -> float:
    """Of one measurement, by quadrature over its result.

    Parameters
    ----------
    answers : Answers
    value, noise : array, shape (n_members,)
        Of the measured mean.
    weights : array, shape (n_members,)
        They add up to 1.

    Returns
    -------
    float
        nats.
    """
    return float(mutual_information(answers.likelihood[None], value, noise, weights)[0])


def mutual_information(
    likelihoods: np.ndarray, value: np.ndarray, noise: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """The same for several questions at once, shape (n_questions, n_members, n_answers): shape (n_questions,)."""
    noise = np.maximum(noise, _LEAST_SCATTER)
    grid, step = _grid(value, noise)
    density = np.exp(-0.5 * ((grid - value[:, None]) / noise[:, None]) ** 2) / (noise[:, None] * np.sqrt(2.0 * np.pi))
    weighted = (weights[:, None] * likelihoods).transpose(0, 2, 1)
    joint = weighted @ density
    independent = weighted.sum(axis=2)[..., None] * (weights @ density)
    integrand = np.zeros_like(joint)
    present = joint > 0.0
    integrand[present] = joint[present] * np.log(joint[present] / independent[present])
    return np.maximum(0.0, step * integrand.sum(axis=(1, 2)))


def _grid(value: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, float]:
    """Points for the trapezoidal rule, which is exact to many digits for smooth functions that vanish at both ends."""
    low, high = float((value - _FAR * noise).min()), float((value + _FAR * noise).max())
    count = int(min(_MOST_POINTS, np.ceil(_PER_DEVIATION * (high - low) / noise.min()) + 1))
    grid = np.linspace(low, high, count)
    return grid, float(grid[1] - grid[0])


@dataclass(eq=False)
class MeasurementSequence:
    """Several measurements, one after the other: noise is drawn in each member, the rest is summed over all of them.

    Every set of measurements meets the same draws, so that two sets differ by what they measure.
    """

    weights: np.ndarray
    log_likelihood: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.weights)
        self._rng = np.random.default_rng(SEED)
        self.log_likelihood = np.zeros((n * DRAWS, n))

    def draw(self) -> np.ndarray:
        """Noise of one more measurement, shape (n_members, DRAWS); half of it is the other half with the other sign."""
        half = self._rng.standard_normal((len(self.weights), DRAWS // 2))
        return np.concatenate([half, -half], axis=1)

    def with_measurement(self, value: np.ndarray, noise: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """Log-likelihood of every member at every draw, shape (n_members * DRAWS, n_members), one measurement more."""
        noise = np.maximum(noise, _LEAST_SCATTER)
        read = (value[:, None] + noise[:, None] * draws).reshape(-1, 1)
        return np.asarray(self.log_likelihood - 0.5 * ((read - value) / noise) ** 2 - np.log(noise))

    def information(self, log_likelihood: np.ndarray, likelihoods: np.ndarray) -> tuple[np.ndarray, float]:
        """nats about each of several questions, shape (n_questions,), and the standard error of the first."""
        n_questions, n, n_answers = likelihoods.shape
        scaled = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True)) * self.weights
        scaled /= scaled.sum(axis=1, keepdims=True)
        posterior = scaled @ likelihoods.transpose(1, 0, 2).reshape(n, -1)
        prior = (self.weights @ likelihoods).reshape(-1)
        divergence = xlogy(posterior, posterior) - xlogy(posterior, prior)
        divergence = divergence.reshape(n, DRAWS, n_questions, n_answers).sum(axis=3)
        # A draw and its mirror image are one: their means are independent.
        first = divergence[..., 0].reshape(n, 2, DRAWS // 2).mean(axis=1)
        error = np.sqrt(self.weights**2 @ first.var(axis=1, ddof=1) / first.shape[1])
        return np.asarray(self.weights @ divergence.mean(axis=1)), float(error)


def greedy_sequence(
    likelihoods: np.ndarray,
    measurements: Sequence[tuple[np.ndarray, np.ndarray]],
    weights: np.ndarray,
    length: int = 3,
) -> list[tuple[int, np.ndarray, float]]:
    """Each next measurement is the one that tells most beside those before, above what shuffled answers tell.

    Parameters
    ----------
    likelihoods : array, shape (n_questions, n_members, n_answers)
        Of the question, and then of what it is held against: the same answers, shuffled.
    measurements : sequence of (value, noise)
        Arrays of shape (n_members,).
    weights : array, shape (n_members,)

    Returns
    -------
    list of (which, nats of all so far about each question, standard error of the first)
    """
    sequence, chosen = MeasurementSequence(weights), list[tuple[int, np.ndarray, float]]()
    for _ in range(min(length, len(measurements))):
        draws = sequence.draw()
        tried = {
            which: sequence.information(sequence.with_measurement(value, noise, draws), likelihoods)
            for which, (value, noise) in enumerate(measurements)
            if which not in [before for before, *_ in chosen]
        }
        best = max(tried, key=lambda which: information_above_chance(tried[which][0]))
        value, noise = measurements[best]
        sequence.log_likelihood = sequence.with_measurement(value, noise, draws)
        chosen.append((best, *tried[best]))
    return chosen


def information_above_chance(nats: np.ndarray) -> float:
    """What is told about the question beyond what is told, on average, about shuffled answers; shape (1 + n,)."""
    return float(nats[0] - nats[1:].mean()) if len(nats) > 1 else float(nats[0])
