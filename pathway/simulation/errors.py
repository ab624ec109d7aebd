"""What a failed simulation says."""

from __future__ import annotations

import numpy as np

from pathway.equations import Model
from pathway.errors import NumericalError

from .solvers import layout

REASONS = {
    layout.TOO_MANY_STEPS: "the limit of {steps} steps was reached",
    layout.STEP_TOO_SMALL: "the step size became too small (a solution that runs away, or a jump in a rate)",
    layout.NOT_FINITE: "the rates are not finite numbers",
    layout.VANISHING_PIVOT: "the linear system is singular",
    layout.NOT_SETTLED: "it does not settle (it grows, or goes round in circles)",
    layout.UNSOLVED: "no solution of the algebraic rules is found near this state",
    layout.STOPPED: "the limit on wall time was reached",
}


class SimulationError(NumericalError, RuntimeError):
    """A run that could not be finished.

    Attributes
    ----------
    reason : str
        One line.
    time : float
        Where it stopped, in the model's time unit.
    state : dict of species name to float
        At that time.
    species : str or None
        The species that changes fastest there, relative to its size.
    """

    def __init__(self, message: str, reason: str, time: float, state: dict[str, float], species: str | None) -> None:
        super().__init__(message)
        self.reason = reason
        self.time = time
        self.state = state
        self.species = species

    def __reduce__(self) -> tuple:
        return type(self), (str(self), self.reason, self.time, self.state, self.species)


def simulation_error(
    model: Model, status: int, steps: int, time: float, state: np.ndarray, slope: np.ndarray, cause: str = ""
) -> SimulationError:
    """The error for a run that ended with `status` at `time` in `state`, where the rates of change are `slope`.

    A known `cause` stands in place of what the status alone would say.
    """
    reason = cause or REASONS.get(status, f"status {status}").format(steps=steps)
    with np.errstate(all="ignore"):
        speed = np.abs(slope) / (np.abs(state) + 1e-12 * np.max(np.abs(state), initial=1e-300))
    species, fastest = None, ""
    if len(speed):
        speed = np.where(np.isnan(speed), np.inf, speed)
        index = int(np.argmax(speed))
        species = model.species[index]
        fastest = f" Fastest-changing species: {species} (value {state[index]:.6g}, rate {slope[index]:.6g})."
    unit = f" {model.time_unit}" if model.time_unit else ""
    after = f" after {steps} steps" if steps else ""
    message = f"{model.name}: the run stopped at time {time:.9g}{unit}{after}: {reason}.{fastest}"
    values = dict(zip(model.species, map(float, state), strict=True))
    return SimulationError(message, reason, float(time), values, species)
