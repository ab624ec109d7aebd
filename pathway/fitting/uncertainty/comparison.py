"""Which of several variants of a model the same data speak for: information criteria, weights, likelihood ratios."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from ..objective import Objective, RunError
from ..problem import Measurement, Problem, ProblemError
from ..search.result import Fit

SAME = 0.01
"""Log-likelihoods this close count as equal."""


@dataclass(frozen=True)
class Variant:
    """One variant among others.

    Attributes
    ----------
    name : str
    log_likelihood : float
        At the best parameters, priors left out.
    parameters, measurements : int
        Estimated, and counted.
    aic, aicc, bic : float
        Akaike's criterion, the same corrected for few data (inf where there are not enough), the Bayesian one.
    weight : float
        Akaike weight by `aicc`: the share of evidence among the variants at hand.
    reached : int
        How many starts ended at the best.
    """

    name: str
    log_likelihood: float
    parameters: int
    measurements: int
    aic: float
    aicc: float
    bic: float
    weight: float
    reached: int


@dataclass(frozen=True)
class LikelihoodRatio:
    """A variant against one that contains it.

    Attributes
    ----------
    restricted, full : str
    held : dict of parameter to float
        What the restricted one fixes, and at which value.
    statistic : float
        Twice the difference of the log-likelihoods.
    p : float
        Chance of so large a statistic if the restricted variant holds.
    at_bound : bool
        Whether a value lies at or beyond the bounds that the full variant gives the parameter.
    """

    restricted: str
    full: str
    held: dict[str, float]
    statistic: float
    p: float
    at_bound: bool


@dataclass(frozen=True)
class VariantComparison:
    """A comparison.

    Attributes
    ----------
    variants : tuple of Variant
        The best `aicc` first.
    ratios : tuple of LikelihoodRatio
        Of all pairs of which one contains the other.
    concerns : tuple of str
        What to keep in mind, or to do first.
    """

    variants: tuple[Variant, ...]
    ratios: tuple[LikelihoodRatio, ...]
    concerns: tuple[str, ...]


def compare_fits(fits: Mapping[str, Fit]) -> VariantComparison:
    """Fits of several variants to the same data.

    Parameters
    ----------
    fits : mapping of name to Fit

    Raises
    ------
    ProblemError
        If there are fewer than two, or if their data differ.

    Notes
    -----
    Burnham & Anderson 2002, Model Selection and Multimodel Inference, chapter 2 (AIC, its correction, weights); Schwarz
    1978, doi 10.1214/aos/1176344136 (BIC); Self & Liang 1987, doi 10.1080/01621459.1987.10478472 (ratios at a bound).
    """
    if len(fits) < 2:
        raise ProblemError([f"{next(iter(fits), 'nothing')} alone: at least two fits are needed for a comparison"])
    names = list(fits)
    for other in names[1:]:
        difference = _difference(fits[names[0]].problem, fits[other].problem)
        if difference:
            raise ProblemError([f"'{names[0]}' and '{other}' are fits to different data: {difference}"])
    likelihoods = {name: _log_likelihood(fit.problem, _natural(fit)) for name, fit in fits.items()}
    scored = {name: information_criteria(likelihoods[name], fit.problem) for name, fit in fits.items()}
    least = min(aicc for _, aicc, _ in scored.values())
    shares = {name: math.exp(0.5 * (least - aicc)) if aicc < math.inf else 0.0 for name, (_, aicc, _) in scored.items()}
    variants = [
        Variant(
            name,
            likelihoods[name],
            len(fit.problem.estimated),
            _counted(fit.problem),
            *scored[name],
            weight=shares[name] / (sum(shares.values()) or 1.0),
            reached=fit.at_optimum(),
        )
        for name, fit in fits.items()
    ]
    variants.sort(key=lambda v: (v.aicc, v.aic))
    ratios = tuple(_ratios(fits, likelihoods))
    return VariantComparison(tuple(variants), ratios, tuple(_concerns(fits, variants, ratios)))


def likelihood_ratio(small: float, large: float, extra_parameters: int) -> float:
    """The p-value of a nested variant: `small` and `large` are minus the log-likelihoods of the restricted and the full
    model."""
    from scipy import special

    return float(special.chdtrc(float(extra_parameters), max(2.0 * (small - large), 0.0)))


def _natural(fit: Fit) -> np.ndarray:
    return fit.problem.from_scale(fit.best.x)


def _log_likelihood(problem: Problem, natural: np.ndarray) -> float:
    return Objective(problem).compare(natural).log_likelihood


def _counted(problem: Problem) -> int:
    return sum(m.counted for m in problem.measurements)


def information_criteria(log_likelihood: float, problem: Problem) -> tuple[float, float, float]:
    """AIC, AICc (inf where parameters are too many for it) and BIC."""
    k, n = len(problem.estimated), _counted(problem)
    aic = 2.0 * k - 2.0 * log_likelihood
    aicc = aic + 2.0 * k * (k + 1) / (n - k - 1) if n > k + 1 else math.inf
    return aic, aicc, k * math.log(max(n, 1)) - 2.0 * log_likelihood


def _difference(one: Problem, other: Problem) -> str:
    """In what the measurements differ; nothing if they are the same."""
    mine, yours = _points(one), _points(other)
    for key in mine.keys() | yours.keys():
        if mine.get(key) != yours.get(key):
            observable, experiment, time, *_ = key
            where = f"{observable} in '{experiment}' at {time:g}"
            if key not in mine or key not in yours:
                return f"{where} is in one of them only ({len(one.measurements)} and {len(other.measurements)} points)"
            return f"{where} differs in what it counts for or how it is normalized"
    return ""


def _points(problem: Problem) -> dict[tuple, tuple[int, int]]:
    """How often each point is there, and how often it counts."""
    points: dict[tuple, tuple[int, int]] = {}
    for m in problem.measurements:
        times, counts = points.get(_key(m), (0, 0))
        points[_key(m)] = times + 1, counts + m.counted
    return points


def _key(m: Measurement) -> tuple:
    return m.observable, m.experiment, m.time, m.value, m.censored, bool(m.normalization)


# Ratios


def _ratios(fits: Mapping[str, Fit], likelihoods: Mapping[str, float]) -> Iterator[LikelihoodRatio]:
    for small, large in permutations(fits, 2):
        held = fixed_in_nested_variant(fits[small], fits[large])
        if held is None:
            continue
        bounds = {p.name: (p.lower, p.upper) for p in fits[large].problem.estimated}
        at_bound = any(not bounds[name][0] < value < bounds[name][1] for name, value in held.items())
        p = likelihood_ratio(-likelihoods[small], -likelihoods[large], len(held))
        if at_bound and len(held) == 1:
            p *= 0.5
        yield LikelihoodRatio(small, large, held, 2.0 * (likelihoods[large] - likelihoods[small]), p, at_bound)


def fixed_in_nested_variant(small: Fit, large: Fit) -> dict[str, float] | None:
    """What a variant fixes of another that contains it, by name; None if it is not contained in it.

    Tried out, not believed: the larger variant must give the smaller one's likelihood at these values.
    """
    mine, yours = small.problem, large.problem
    extra = [name for name in yours.names if name not in mine.names]
    if not extra or set(mine.names) - set(yours.names):
        return None
    values = dict(zip(mine.names, map(float, _natural(small)), strict=True))
    wanted = _log_likelihood(mine, _natural(small))
    for held in ({name: 0.0 for name in extra}, {name: _fixed(mine, name) for name in extra}):
        try:
            got = _log_likelihood(yours, np.array([(values | held)[name] for name in yours.names]))
        except RunError:
            continue
        if abs(got - wanted) < SAME:
            return held
    return None


def _fixed(problem: Problem, name: str) -> float:
    """The value of a parameter that is not estimated."""
    for p in problem.parameters:
        if p.name == name:
            return p.value
    if name in problem.model.parameters:
        return float(problem.model.parameter_values[problem.model.parameters.index(name)])
    return math.nan


def _concerns(fits: Mapping[str, Fit], variants: list[Variant], ratios: tuple[LikelihoodRatio, ...]) -> Iterator[str]:
    for v in variants:
        starts = len(fits[v.name].starts)
        if v.reached == 1 and starts > 1:
            yield f"only one of {starts} starts of '{v.name}' reached its best: fit it with more starts"
        if v.aicc == math.inf:
            yield f"'{v.name}' has too many parameters for {v.measurements} measurements: AICc is not defined"
    for ratio in ratios:
        if ratio.statistic < -2.0 * SAME:
            yield (
                f"'{ratio.restricted}' fits better than '{ratio.full}', which contains it: the search of "
                f"'{ratio.full}' has not found its best; fit it with more starts"
            )
        if ratio.at_bound:
            held = ", ".join(f"{name} = {value:g}" for name, value in ratio.held.items())
            halved = "its p is that of the even mixture of 0 and 1 degrees of freedom"
            yield (
                f"'{ratio.restricted}' lies at the edge of '{ratio.full}' ({held}): "
                + (halved if len(ratio.held) == 1 else "its p is too large, since the ratio is smaller there")
            )
    if any(p.prior is not None for fit in fits.values() for p in fit.problem.estimated):
        yield (
            "priors count in the fits: likelihoods are those at the most probable parameters, so that all figures are "
            "approximations"
        )
