"""A fitting problem as plain functions of one vector, for optimizers and samplers that are not ours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pathway.errors import InputError
from pathway.notebook import html_card
from pathway.simulation.protocol.runner import Runner

from .objective import Comparison, Evaluation, Objective, RunError
from .objective.assembled import simulation_plan
from .objective.least_squares import LeastSquares
from .problem import Problem
from .uncertainty.diagnosis import FitDiagnosis, diagnose
from .uncertainty.log_density import LogDensity, log_jacobian_of_scales, of_natural_value

if TYPE_CHECKING:
    from scipy.optimize import Bounds

SCALES = {"linear": "lin", "log": "log", "log10": "log10"}
"""Scales in the words of PEtab."""


@dataclass(frozen=True, eq=False)
class EstimationProblem:
    """A fitting problem as plain functions, as other people's optimizers and samplers take them.

    Every function takes `theta`, shape (n,): the estimated parameters in the order of `names`, each **on its own
    scale** (`scales`: "lin", "log" or "log10", as in a PEtab table of parameters, in pyPESTO and in AMICI), and all
    derivatives are by `theta`. The objective is what a fit makes small: minus the log of likelihood times prior, all
    constants included (without priors, PEtab's minus `calculate_llh`). Densities have the opposite sign.

    Attributes
    ----------
    definition : Problem
        Model, experiments, observables and measurements.
    relative_tolerance : float
        Of the simulated states in these functions; `pathway.fit` has its own.

    Examples
    --------
    >>> import pathway
    >>> problem = pathway.load_problem("fit_a_blot")
    >>> problem.names[:2], problem.scales[:2]
    (('k_PI3K', 'k_AKT_dephosphorylation'), ('log10', 'log10'))
    >>> value, gradient, fisher = problem.objective(problem.nominal, fisher=True)
    >>> gradient.shape, fisher.shape
    ((11,), (11, 11))
    """

    definition: Problem
    relative_tolerance: float = 1e-8

    # What there is to estimate

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the estimated parameters."""
        return self.definition.names

    @property
    def scales(self) -> tuple[str, ...]:
        """Scale of each: "lin", "log" or "log10"."""
        return tuple(SCALES[p.scale] for p in self.definition.estimated)

    @property
    def lower(self) -> np.ndarray:
        """Lower bounds on the scale of each, shape (n,)."""
        return self.definition.bounds[0].copy()

    @property
    def upper(self) -> np.ndarray:
        """Upper bounds on the scale of each, shape (n,)."""
        return self.definition.bounds[1].copy()

    @property
    def bounds(self) -> Bounds:
        """Both, as `scipy.optimize.minimize` and `least_squares` take them."""
        from scipy.optimize import Bounds

        return Bounds(self.lower, self.upper)

    @property
    def nominal(self) -> np.ndarray:
        """Nominal values on the scale of each, shape (n,); nan where the files give none."""
        return self.definition.to_scale(self.definition.nominal)

    @property
    def fixed(self) -> Mapping[str, float]:
        """Parameters that are declared and not estimated, in natural units."""
        return {p.name: p.value for p in self.definition.parameters if not p.estimated}

    def natural(self, theta: Any) -> dict[str, float]:
        """Values in natural units by name."""
        values = self.definition.from_scale(self._vector(theta))
        return dict(zip(self.names, map(float, values), strict=True))

    def theta(self, natural: Mapping[str, float]) -> np.ndarray:
        """The vector of values in natural units, shape (n,); what is not named is nominal.

        Raises
        ------
        ProblemError
            If a name is not that of a parameter.
        """
        of_name = {p.name: p for p in self.definition.fixed(natural).parameters}
        return self.definition.to_scale(np.array([of_name[name].value for name in self.names]))

    # The objective

    def objective(self, theta: Any, fisher: bool = False) -> tuple[Any, ...]:
        """Value and gradient, as `scipy.optimize.minimize(..., jac=True)` and `pypesto.Objective(..., grad=True)` want.

        Parameters
        ----------
        theta : array, shape (n,)
        fisher : bool
            Whether the Fisher matrix is asked for, too.

        Returns
        -------
        value : float
            inf where the model cannot be simulated or its noise is no positive number.
        gradient : array, shape (n,)
            nan where the value is inf.
        fisher : array, shape (n, n)
            If asked for: expected second derivatives of minus the log likelihood, plus the curvature of the priors
            (where that is positive); the Gauss-Newton approximation of the Hessian.
        """
        here = self._at(theta, fisher)
        n = len(self.names)
        gradient = np.full(n, math.nan) if here.gradient is None else here.gradient.copy()
        if not fisher:
            return here.value, gradient
        return here.value, gradient, np.full((n, n), math.nan) if here.information is None else here.information.copy()

    def value(self, theta: Any) -> float:
        """The objective alone: a third to a tenth of the price of its gradient."""
        return self._objective.value(self._vector(theta))

    def values(self, thetas: Any) -> np.ndarray:
        """The objective at many points, shape (n_points, n), side by side; shape (n_points,)."""
        return self._objective.values(self._vector(thetas))

    def gradient(self, theta: Any) -> np.ndarray:
        """The gradient of the objective, shape (n,)."""
        return self.objective(theta)[1]

    def fisher(self, theta: Any) -> np.ndarray:
        """The Fisher matrix of `objective`, shape (n, n)."""
        return self.objective(theta, fisher=True)[2]

    # The objective as a sum of squares

    def residuals(self, theta: Any) -> np.ndarray:
        """Residuals whose half sum of squares is the objective up to a constant, shape (n_residuals,).

        First (simulated - measured) / noise of every measurement that counts, after the observable's transformation
        and in the order of the tables; then, for those whose noise is estimated, sqrt(2 log(noise) + 50), as in AMICI;
        then normal priors.

        Raises
        ------
        ProblemError
            If the objective is no sum of squares (Laplace noise, limits of detection, other priors).
        """
        return self._squares(theta)[0]

    def jacobian(self, theta: Any) -> np.ndarray:
        """Derivatives of the residuals, shape (n_residuals, n); nan where the model cannot be simulated.

        Raises
        ------
        ProblemError
            As in `residuals`.
        """
        return self._squares(theta)[1]

    def compare(self, theta: Any) -> Comparison:
        """Simulation against data: `.simulated`, `.noise`, `.residual`, `.log_likelihood`, in the order of the tables.

        Raises
        ------
        RunError
            If an experiment cannot be simulated there.
        """
        return self._objective.compare(self.definition.from_scale(self._vector(theta)))

    def diagnose(self, theta: Any) -> FitDiagnosis:
        """What speaks against a fit: numbers taken as given that the data contradict, lack of fit, trends in time.

        Parameters
        ----------
        theta : array, shape (n,)
            An optimum.

        Returns
        -------
        FitDiagnosis
            `print` tells it in sentences; `.scores.tests` is a score test for each number, `.lacks` and `.serial` are
            the tests of residuals by observable.

        Raises
        ------
        RunError
            If an experiment cannot be simulated there.
        """
        return diagnose(self.definition, self._vector(theta))

    # The posterior

    def log_density(self, theta: Any) -> float:
        """Log posterior density of `theta` up to a constant; -inf outside of the bounds.

        Parameters without a prior are flat on their scale; a prior of the natural value brings the slope of the scale
        along, so that draws do not depend on the scale.
        """
        point = self._vector(theta)
        if not self._inside(point):
            return -math.inf
        return log_jacobian_of_scales(self.definition, point) - self.value(point)

    def log_density_and_gradient(self, theta: Any) -> tuple[float, np.ndarray]:
        """The same with its gradient, shape (n,): of zeros where the density is -inf."""
        point = self._vector(theta)
        value, gradient = self.objective(point) if self._inside(point) else (math.inf, np.zeros(len(point)))
        if not math.isfinite(value):
            return -math.inf, np.zeros(len(point))
        return log_jacobian_of_scales(self.definition, point) - value, of_natural_value(self.definition) - gradient

    def unconstrained(self, theta: Any = None) -> LogDensity:
        """The posterior on coordinates `z` without bounds, shape (n,), about the mode near `theta`, spread about one.

        `.sloped(z)` gives log density and gradient, change of coordinates included, for Hamiltonian samplers;
        `.value(z)` the density alone; `.points(z)` the draws as `theta`, shape (..., n).

        Parameters
        ----------
        theta : array, shape (n,), optional
            An optimum; the nominal values unless given.

        Raises
        ------
        ProblemError
            If the objective cannot be computed there, or neither data nor prior nor bounds hold a parameter.
        """
        return LogDensity(self._objective, self._vector(self.nominal if theta is None else theta))

    # Inside

    def __repr__(self) -> str:
        return f"<EstimationProblem{repr(self.definition)[len('<Problem') :]}"

    def _repr_html_(self) -> str:
        columns = (self.names, self.scales, self.lower, self.upper, self.nominal)
        rows = [list(row) for row in zip(*columns, strict=True)]
        return html_card(repr(self).strip("<>"), (), [(["parameter", "scale", "lower", "upper", "nominal"], rows)])

    @cached_property
    def _objective(self) -> Objective:
        plan = simulation_plan(self.definition)
        return Objective(self.definition, Runner(plan, relative_tolerance=self.relative_tolerance))

    @cached_property
    def _least_squares(self) -> LeastSquares:
        return LeastSquares(self._objective)

    def __getstate__(self) -> dict[str, Any]:
        """What is compiled is compiled anew in another process."""
        return {"definition": self.definition, "relative_tolerance": self.relative_tolerance}

    def __deepcopy__(self, memo: dict[int, Any]) -> EstimationProblem:
        """One that computes by itself, as a thread of its own needs it; the definition never changes."""
        return EstimationProblem(self.definition, self.relative_tolerance)

    def _vector(self, theta: Any) -> np.ndarray:
        """The point or points as numbers.

        Raises
        ------
        InputError
            If they are none, or of another number of parameters.
        """
        try:
            point = np.asarray(theta, dtype=float)
        except (TypeError, ValueError):
            raise InputError(f"theta: expected {len(self.names)} numbers, got {str(theta)[:80]!r}") from None
        if point.ndim == 0 or point.shape[-1] != len(self.names):
            raise InputError(
                f"theta has shape {point.shape}; expected {len(self.names)} numbers: estimated parameters in the order "
                "of `names`, each on its scale"
            )
        return point

    def _inside(self, point: np.ndarray) -> bool:
        return bool(np.all((point >= self.definition.bounds[0]) & (point <= self.definition.bounds[1])))

    def _at(self, theta: Any, fisher: bool) -> Evaluation:
        """The objective with slopes; the last point is not computed again."""
        point = self._vector(theta)
        known = self._last.get("evaluation")
        if known is not None and np.array_equal(known[0], point) and (known[1].information is not None or not fisher):
            return known[1]
        here = self._objective(point) if fisher else self._objective.slope(point)
        self._last["evaluation"] = point.copy(), here
        return here

    def _squares(self, theta: Any) -> tuple[np.ndarray, np.ndarray]:
        """Residuals and Jacobian; those of the last point are not computed again."""
        point = self._vector(theta)
        known = self._last.get("squares")
        if known is None or not np.array_equal(known[0], point):
            self._last["squares"] = known = point.copy(), self._squares_at(point)
        residuals, jacobian = known[1]
        return residuals.copy(), jacobian.copy()

    def _squares_at(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        squares = self._least_squares
        try:
            return squares(point)
        except RunError:
            return np.full(squares.rows, math.inf), np.full((squares.rows, len(point)), math.nan)

    @cached_property
    def _last(self) -> dict[str, Any]:
        return {}
