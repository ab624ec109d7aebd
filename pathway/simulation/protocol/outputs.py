"""What runs record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pathway.errors import NumericalError


@dataclass(frozen=True, eq=False)
class RunOutputs:
    """What the runs gave at the recorded moments of a plan.

    Attributes
    ----------
    states : array, shape (n_outputs, n_species)
    parameters : array, shape (n_outputs, n_model_parameters)
        Model parameters in force at each moment.
    state_slopes : array, shape (n_outputs, n_read_species, n_estimated), or None
        Of the species that the plan's formulas read, by the estimated parameters in natural units.
    parameter_slopes : array, shape (n_outputs, n_read_constants, n_estimated), or None
    """

    states: np.ndarray
    parameters: np.ndarray
    state_slopes: np.ndarray | None = None
    parameter_slopes: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class BatchOutputs:
    """The same for several points, without slopes.

    Attributes
    ----------
    states : array, shape (n_points, n_outputs, n_species)
    parameters : array, shape (n_points, n_outputs, n_model_parameters)
    failures : dict of int to str
        Points that could not be run, with the reason; their numbers mean nothing.
    """

    states: np.ndarray
    parameters: np.ndarray
    failures: dict[int, str]


class RunError(NumericalError, ArithmeticError):
    """A run of the problem that could not be finished; the message names the experiment and the reason."""
