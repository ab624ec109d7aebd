"""A problem of four lines and three quantities that answers as the circuit's does, with one line of arithmetic."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
from scipy import stats

from calibration.pieces import Recipe
from calibration.target import CircuitTarget

LINES = ("skbr3", "bt474", "mcf7", "au565")


@dataclass(frozen=True)
class Prior:
    low: np.ndarray = field(default_factory=lambda: np.array([0.1, 0.1, 0.0, 0.01]))
    high: np.ndarray = field(default_factory=lambda: np.array([10.0, 10.0, 1.0, 1.0]))

    def from_cube(self, u):
        values = np.exp(np.log(self.low.clip(1e-9)) + u * np.log(self.high / self.low.clip(1e-9)))
        values[:, 2] = u[:, 2] < 0.5
        return values

    def to_cube(self, values):
        u = np.log(values.clip(1e-9) / self.low.clip(1e-9)) / np.log(self.high / self.low.clip(1e-9))
        u[:, 2] = np.where(values[:, 2] > 0.5, 0.25, 0.75)
        return u


class Findings:
    table = (
        SimpleNamespace(
            column="finding:V3@skbr3_resistant", expectation=SimpleNamespace(claim="gain", above=1.0, below=None)
        ),
    )
    columns = ("finding:V3@skbr3_resistant",)


class SmallProblem:
    """Measured: log10 of k_PTEN in each line, 0.2 with an error of 0.1; mu_growth is not informed."""

    names = ("k_PTEN", "k_SHIP", "loop.PTEN_autoactivation", "discrepancy.ligand_fold")
    is_cheap = np.array([False, False, False, True])
    is_indicator = np.array([False, False, True, False])
    is_discrepancy = np.array([False, False, False, True])
    prior, findings = Prior(), Findings()
    fingerprint, data_hashes, absent = "small", {"folds": "0"}, ()
    sets = (SimpleNamespace(name="folds"),)

    def __init__(self):
        shared = {"set": "folds", "kind": "ligand_fold", "label": "EGF", "quantity": "pERK", "time": 0.5}
        self.table = [
            SimpleNamespace(line=line, value=value, error=0.1, **shared)
            for line, value in zip(LINES, (0.25, 0.1, 0.2, 0.3), strict=True)
        ]
        self.counted = np.ones(len(LINES), dtype=bool)
        self.columns = (*(f"folds:{line}" for line in LINES), *self.findings.columns)

    def simulated(self, theta):
        level = np.log10(theta[:, :1])
        return SimpleNamespace(values=np.hstack([np.repeat(level, len(LINES), axis=1), theta[:, :1] + theta[:, 2:3]]))

    def residuals(self, theta, simulated):
        return (simulated.values[:, :-1] - [d.value for d in self.table]) / np.hypot(0.1, theta[:, 3:])

    def finding_residuals(self, simulated):
        return np.maximum(0.0, (1.0 - simulated.values[:, -1:]) / 0.1)

    def log_likelihood(self, theta, simulated):
        values = simulated.values
        size = np.hypot(0.1, theta[:, 3:])
        measured = stats.norm.logpdf([d.value for d in self.table], values[:, :-1], size)
        finding = stats.norm.logcdf(values[:, -1:], 1.0, 0.1)
        return SimpleNamespace(values=np.hstack([measured, finding]))


def small_target():
    """For a recipe."""
    return CircuitTarget(SmallProblem())


RECIPE = Recipe("tests.calibration.small_problem:small_target")
IDENTITY = {"problem": "calibration", "fingerprint": "small", "data": {}}
