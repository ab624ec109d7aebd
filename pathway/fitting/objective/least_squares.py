"""The objective as a sum of squares, for optimizers that are given residuals and their Jacobian."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..problem import Parameter, ProblemError
from .objective import Linearization, Objective, scale_derivatives

LOG_NOISE_OFFSET = 50.0
"""A noise level s costs log(s); as half a square that is sqrt(2 log(s) + this), which must be real: s > 1.4e-11. The
same number as in AMICI."""


class LeastSquares:
    """Residuals whose half sum of squares is the objective up to a constant.

    A row for each measurement that counts, one more for each whose noise moves with the estimated parameters, and one
    for each normal prior.

    Attributes
    ----------
    rows : int

    Raises
    ------
    ProblemError
        If some measurement or prior is no square: noise that is not normal, limits of detection, other priors.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        mistakes = list(_not_squares(objective))
        if mistakes:
            raise ProblemError(mistakes)
        assembled = objective.assembled
        self._counted = np.flatnonzero(assembled.noise.counted[assembled.own_rows])
        self._noisy = np.flatnonzero(assembled.noise_moves & assembled.noise.counted[assembled.own_rows])
        self._priors = [k for k, p in enumerate(objective.problem.estimated) if _is_normal(p)]
        self.rows = len(self._counted) + len(self._noisy) + len(self._priors)

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Residuals, shape (n_rows,), and their Jacobian, shape (n_rows, n_estimated), at `x` on the optimizer's scale.

        Raises
        ------
        RunError
            If an experiment cannot be simulated there.
        """
        x = np.asarray(x, dtype=float)
        here: Linearization = self.objective.linearized(x)
        moving = here.by_mean - here.residual[:, None] * here.by_log_noise
        with np.errstate(all="ignore"):
            own = np.sqrt(2.0 * np.log(here.noise[self._noisy]) + LOG_NOISE_OFFSET)
        priors, by_priors = self._of_priors(x)
        residuals = np.concatenate([here.residual[self._counted], own, priors])
        by_own = here.by_log_noise[self._noisy] / own[:, None]
        return residuals, np.concatenate([moving[self._counted], by_own, by_priors])

    def _of_priors(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        problem = self.objective.problem
        natural = problem.from_scale(x)
        chain = scale_derivatives(problem, natural)
        residuals, jacobian = np.zeros(len(self._priors)), np.zeros((len(self._priors), len(x)))
        for row, k in enumerate(self._priors):
            prior = problem.estimated[k].prior
            assert prior is not None
            middle, deviation = prior.numbers
            value, step = (x[k], 1.0) if prior.on_scale else (natural[k], chain[k])
            residuals[row], jacobian[row, k] = (value - middle) / deviation, step / deviation
        return residuals, jacobian


def _is_normal(parameter: Parameter) -> bool:
    return parameter.prior is not None and parameter.prior.distribution == "normal"


def _not_squares(objective: Objective) -> Iterator[str]:
    problem, noise = objective.problem, objective.assembled.noise
    for o in problem.observables:
        if o.distribution != "normal":
            yield f"{problem.name}: the noise of '{o.name}' is {o.distribution}, which is no sum of squares"
    if (noise.censored[noise.counted] != 0).any():
        yield f"{problem.name}: a limit of detection is no square"
    for p in problem.estimated:
        if p.prior is not None and p.prior.distribution not in ("normal", "uniform"):
            yield f"{problem.name}: the {p.prior.distribution} prior of '{p.name}' is no square"
