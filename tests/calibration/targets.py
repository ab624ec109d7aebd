"""Posteriors that are known in closed form, as targets of the sampler."""

import time

import numpy as np
from scipy import stats
from scipy.special import logsumexp, ndtr, ndtri


class Known:
    """A target whose simulator is a function of the coordinates; counts how many it was asked for."""

    finding = np.array([False])

    def __init__(self, dimension: int) -> None:
        self.dimension, self.asked = dimension, 0
        self.cheap, self.switches = np.zeros((2, dimension), dtype=bool)
        self.strengths = np.zeros((0, dimension), dtype=bool)

    def residuals(self, z, simulated):
        return np.zeros((len(z), 1))

    def finding_residuals(self, z, simulated):
        return np.zeros((len(z), 1))

    def answer(self, wave, z):
        self.asked += len(z)
        return self.simulate(z)


class Linear(Known):
    """Normal data of linear outputs: the posterior is normal. The last quarter of the data are findings."""

    finding = np.array([False, True])

    def __init__(self, dimension=12, informed=6, data=24, error=0.2, seed=0) -> None:
        super().__init__(dimension)
        rng = np.random.default_rng(seed)
        self.design = np.zeros((data, dimension))
        self.design[:, :informed] = rng.normal(size=(data, informed)) / np.sqrt(informed)
        self.error, self.split = error, data * 3 // 4
        self.data = self.design @ rng.normal(size=dimension) + error * rng.normal(size=data)

    def simulate(self, z):
        return z @ self.design.T

    def log_likelihood(self, z, simulated):
        terms = stats.norm.logpdf(simulated, self.data, self.error)
        return np.stack([terms[:, : self.split].sum(axis=1), terms[:, self.split :].sum(axis=1)], axis=1)

    def residuals(self, z, simulated):
        return ((simulated - self.data) / self.error)[:, : self.split]

    def finding_residuals(self, z, simulated):
        return ((simulated - self.data) / self.error)[:, self.split :]

    def exact(self, findings):
        """Mean and covariance."""
        count = len(self.data) if findings else self.split
        design, data = self.design[:count], self.data[:count]
        covariance = np.linalg.inv(np.eye(self.dimension) + design.T @ design / self.error**2)
        return covariance @ design.T @ data / self.error**2, covariance


class TwoModes(Known):
    """|z0| was measured as 2 +- 0.1: two modes of equal weight; the other coordinates stay free."""

    def residuals(self, z, simulated):
        return (simulated - 2.0) / 0.1

    def simulate(self, z):
        return np.abs(z[:, :1])

    def log_likelihood(self, z, simulated):
        return stats.norm.logpdf(simulated, 2.0, 0.1)


class Banana(Known):
    """z1 + z0^2 - 1 was measured as 0 +- 0.1."""

    def simulate(self, z):
        return z[:, 1:2] + z[:, :1] ** 2 - 1.0

    def log_likelihood(self, z, simulated):
        return stats.norm.logpdf(simulated, 0.0, 0.1)

    def exact(self):
        """Mean of z0 and of its square; by quadrature."""
        x, weights = self._first()
        return float(weights @ x), float(weights @ x**2)

    def draws(self, number, rng):
        """Of the posterior, shape (number, dimension)."""
        z = rng.standard_normal((number, self.dimension))
        x, shares = self._first()
        z[:, 0] = rng.choice(x, number, p=shares)
        variance = 1 / (1 + 1 / 0.1**2)
        z[:, 1] = variance * (1 - z[:, 0] ** 2) / 0.1**2 + np.sqrt(variance) * rng.standard_normal(number)
        return z

    def _first(self):
        """Values of z0 and their probabilities, z1 integrated out."""
        x = np.linspace(-8.0, 8.0, 20001)
        density = stats.norm.logpdf(x) + stats.norm.logpdf(1.0 - x**2, 0.0, np.hypot(1.0, 0.1))
        return x, np.exp(density - logsumexp(density))


class Switched(Known):
    """Two switches of prior probability 0.3, a shift that each adds, and an error that no simulation sees.

    Data are normal around z0 + switches @ shifts with standard deviation exp(z3/2), so the last coordinate is cheap.
    """

    shifts, probability = np.array([1.5, -2.0]), 0.3

    def __init__(self) -> None:
        super().__init__(4)
        self.cheap[3] = self.switches[1] = self.switches[2] = True
        self.strengths = np.zeros((2, 4), dtype=bool)
        self.data = np.array([1.7, 2.2, 1.4, 2.0, 1.9])

    def on(self, z):
        return (ndtr(z[:, 1:3]) < self.probability).astype(float)

    def simulate(self, z):
        return z[:, :1] + self.on(z) @ self.shifts[:, None]

    def log_likelihood(self, z, simulated):
        return stats.norm.logpdf(self.data, simulated, np.exp(z[:, 3:] / 2)).sum(axis=1, keepdims=True)

    def exact(self):
        """Posterior probability of each pattern of switches, and mean of z3; by quadrature."""
        size, shares = self._sizes()
        return {pattern: float(one.sum()) for pattern, one in shares.items()}, sum(
            float(o @ size) for o in shares.values()
        )

    def draws(self, number, rng):
        """Of the posterior, shape (number, dimension)."""
        size, shares = self._sizes()
        patterns = list(shares)
        cells = rng.choice(len(patterns) * len(size), number, p=np.concatenate(list(shares.values())))
        on, variance = np.array(patterns)[cells // len(size)], np.exp(size[cells % len(size)])
        below = self.probability * rng.random((number, 2))
        above = self.probability + (1.0 - self.probability) * rng.random((number, 2))
        n = len(self.data)
        center = (self.data.mean() - on @ self.shifts) * n / variance / (1 + n / variance)
        first = center + rng.standard_normal(number) / np.sqrt(1 + n / variance)
        return np.column_stack([first, ndtri(np.where(on, below, above)), np.log(variance)])

    def _sizes(self):
        """Values of z3 and, for each pattern of switches, the probability of both, z0 integrated out."""
        size = np.linspace(-8.0, 8.0, 4001)
        variance = np.exp(size)
        n, mean, spread = len(self.data), self.data.mean(), ((self.data - self.data.mean()) ** 2).sum()
        logs = {}
        for pattern in np.ndindex(2, 2):
            center = np.dot(pattern, self.shifts)
            prior = sum(np.log(self.probability if on else 1 - self.probability) for on in pattern)
            level = stats.norm.logpdf(mean, center, np.sqrt(1 + variance / n))
            within = -0.5 * spread / variance - 0.5 * (n - 1) * np.log(2 * np.pi * variance) - 0.5 * np.log(n)
            logs[pattern] = prior + level + within + stats.norm.logpdf(size)
        every = logsumexp(list(logs.values()))
        return size, {pattern: np.exp(one - every) for pattern, one in logs.items()}


def slow(seconds):
    """A linear target that takes its time, for tests of what survives a kill."""
    target = Linear()
    whole = target.simulate

    def simulate(z):
        time.sleep(seconds)
        return whole(z)

    target.simulate = simulate
    return target
