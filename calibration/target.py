"""The circuit and its data as what the sampler asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import ndtr, ndtri

from calibration.likelihood import Problem, problem
from calibration.likelihood.evaluation import Simulated
from calibration.likelihood.sampled import strengths_of_switches
from calibration.pieces import Recipe

_MAKER = "calibration.target:circuit_target"


class CircuitTarget:
    """A `Problem` in coordinates whose prior is standard normal.

    Attributes
    ----------
    problem : Problem
    dimension : int
    cheap : bool array, shape (dimension,)
    switches : bool array, shape (dimension,)
    strengths : bool array, shape (n_switches, dimension)
    columns : tuple of str
    finding : bool array, shape (n_columns,)
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.dimension = len(problem.names)
        self.cheap = np.asarray(problem.is_cheap)
        self.columns = tuple(problem.columns)
        self.finding = np.array([column.startswith("finding") for column in self.columns])
        self.switches = np.asarray(problem.is_indicator)
        self.strengths = strengths_of_switches([problem.names[k] for k in np.flatnonzero(self.switches)], problem.names)

    def values(self, z: np.ndarray) -> np.ndarray:
        """On the scale of the circuit, shape (n, dimension)."""
        return self.problem.prior.from_cube(ndtr(z).clip(1e-15, 1 - 1e-15))

    def coordinates(self, values: np.ndarray) -> np.ndarray:
        """Of values, both of shape (n, dimension): what `values` takes back; an end of a range is a far coordinate."""
        return ndtri(self.problem.prior.to_cube(values).clip(1e-12, 1 - 1e-12))

    def simulate(self, z: np.ndarray) -> np.ndarray:
        """What the circuit gives, shape (n, n_outputs), nan where it fails."""
        return self.problem.simulated(self.values(z)).values

    def log_likelihood(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """By column, shape (n, n_columns)."""
        return np.asarray(self.problem.log_likelihood(self.values(z), Simulated(simulated)).values)

    def residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """Of the measured data, shape (n, n_data)."""
        return np.nan_to_num(np.asarray(self.problem.residuals(self.values(z), Simulated(simulated))))

    def finding_residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """Of the findings, shape (n, n_findings): how far beyond its band, in standard deviations."""
        return self.problem.finding_residuals(Simulated(simulated))


def circuit_target(data: str, shipped_only: bool, without: Sequence[str] = (), findings: bool = True) -> CircuitTarget:
    """From a folder of data; "" means what ships alone."""
    place = Path(data) if data else None
    return CircuitTarget(problem(place, shipped_only=shipped_only, without=tuple(without), findings=findings))


def circuit_recipe(data: Path | None, shipped_only: bool, without: Sequence[str] = (), findings: bool = True) -> Recipe:
    """The same for workers."""
    arguments = (
        ("data", str(data or "")), ("shipped_only", shipped_only), ("without", tuple(without)), ("findings", findings),
    )  # fmt: skip
    return Recipe(_MAKER, arguments)
