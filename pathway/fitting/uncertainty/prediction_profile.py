"""Profile likelihood of a prediction: the best objective for each value that the prediction may take.

Its interval is honest also where single parameters are not identifiable: what the data do not hold may move freely, and
only the prediction counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from pathway.simulation.protocol.runner import Runner

from ..objective import Evaluation, Objective, RunError
from ..objective.assembled import AssembledProblem
from ..objective.objective import scale_derivatives, values_with_slopes
from ..problem import Measurement, Problem, ProblemError
from ..search.trust_region import TrustRegionOptions, minimize
from .profiles import confidence_limit

PULL = 0.5
"""Width of the pull towards an aim, and the first step of the aim, as shares of the linear standard deviation."""


@dataclass(frozen=True, eq=False)
class PredictionProfile:
    """The profile of one prediction, without measurement noise.

    Attributes
    ----------
    measurement : Measurement
        What is predicted; its value does not matter.
    best : float
        At the optimum.
    values : array, shape (n_points,)
        Of the prediction, ascending.
    objectives : array, shape (n_points,)
        Best objective with the prediction held there.
    points : array, shape (n_points, n_estimated)
        All parameters at each point, on the optimizer's scale.
    lower, upper : float
        Confidence limits; where the profile stays below its threshold, the last value that it reached.
    lower_open, upper_open : bool
        Whether it does.
    threshold : float
        Objective at the limits.
    """

    measurement: Measurement
    best: float
    values: np.ndarray
    objectives: np.ndarray
    points: np.ndarray
    lower: float
    upper: float
    lower_open: bool
    upper_open: bool
    threshold: float

    @property
    def verdict(self) -> str:
        """In words."""
        sides = [word for word, is_open in (("below", self.lower_open), ("above", self.upper_open)) if is_open]
        return f"not bounded {' or '.join(sides)} by the data" if sides else "bounded"


def profile_prediction(
    objective: Objective,
    x: np.ndarray,
    measurement: Measurement,
    predicted: Problem | None = None,
    *,
    level: float = 0.95,
    points: int = 40,
) -> PredictionProfile:
    """The profile of a prediction from an optimum.

    Parameters
    ----------
    objective : Objective
        Of the data.
    x : array, shape (n_estimated,)
        The optimum, on the optimizer's scale.
    measurement : Measurement
        What is predicted: an observable in an experiment at a time.
    predicted : Problem, optional
        To which the measurement belongs, over some of the same parameters (another scenario); default: the data's own.
    level : float
        Of confidence.
    points : int
        At most so many to each side.

    Returns
    -------
    PredictionProfile

    Raises
    ------
    ProblemError
        If the prediction needs parameters that were not estimated, or does not depend on any of them.
    RunError
        If it cannot be simulated at the optimum.

    Notes
    -----
    Kreutz, Raue & Timmer 2012, doi 10.1186/1752-0509-6-120. The prediction is drawn towards an aim by a quadratic term;
    wherever that ends, the objective is stationary along surfaces of equal prediction, so that prediction and objective
    there are a point of the profile, however soft the pull.
    """
    aimed = _Prediction(objective.problem, predicted or objective.problem, measurement)
    start = objective(x)
    if start.information is None:
        raise RunError("the objective cannot be computed at this point")
    centre, slope = aimed(x)
    values, vectors = np.linalg.eigh(start.information)
    variances = (vectors.T @ slope) ** 2 / np.maximum(values, 1e-4 * max(float(values[-1]), 1e-300))
    deviation = math.sqrt(float(variances.sum()))
    if deviation == 0.0:
        raise ProblemError(
            [f"{measurement.observable} in '{measurement.experiment}' depends on nothing that is estimated"]
        )
    rise = 0.5 * float(special.chdtri(1.0, 1.0 - level))
    sides = [_side(objective, aimed, x, (start.value, centre), sign * deviation, rise, points) for sign in (-1.0, 1.0)]
    trail = sorted([(centre, start.value, np.array(x)), *sides[0], *sides[1]], key=lambda point: point[0])
    predictions, objectives = np.array([t[0] for t in trail]), np.array([t[1] for t in trail])
    threshold = float(objectives.min()) + rise
    lower, lower_open = confidence_limit(predictions[::-1], objectives[::-1], threshold, centre, -1.0)
    upper, upper_open = confidence_limit(predictions, objectives, threshold, centre, 1.0)
    return PredictionProfile(
        measurement=measurement,
        best=centre,
        values=predictions,
        objectives=objectives,
        points=np.array([t[2] for t in trail]),
        lower=lower,
        upper=upper,
        lower_open=lower_open,
        upper_open=upper_open,
        threshold=threshold,
    )


class _Prediction:
    """A simulated value with its slopes by the data's estimated parameters, on their scales."""

    def __init__(self, data: Problem, predicted: Problem, measurement: Measurement) -> None:
        missing = [name for name in predicted.names if name not in data.names]
        if missing:
            raise ProblemError([f"{predicted.name}: {', '.join(missing)} was not estimated from the data"])
        only = replace(measurement, value=1.0, censored="", counted=True)
        self.data, self.predicted = data, replace(predicted, measurements=(only,))
        self.places = [data.names.index(name) for name in predicted.names]
        self.assembled = AssembledProblem(self.predicted)
        self.runner = Runner(self.assembled.plan)

    def __call__(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        natural = self.data.from_scale(x)[self.places]
        q = self.assembled.plan.full(natural)
        with np.errstate(all="ignore"):
            simulated, _, by_simulated, _ = values_with_slopes(self.assembled, self.runner.run(q), q)
        slope = np.zeros(len(x))
        slope[self.places] = np.asarray(by_simulated)[0] * scale_derivatives(self.predicted, natural)
        return float(simulated[0]), slope


def _side(
    objective: Objective,
    aimed: _Prediction,
    x: np.ndarray,
    begin: tuple[float, float],
    deviation: float,
    rise: float,
    most: int,
) -> list[tuple[float, float, np.ndarray]]:
    """Points (prediction, objective, parameters) to one side, until the threshold is passed or nothing moves."""
    best, at = begin
    width = PULL * abs(deviation)
    step = PULL * deviation
    trail: list[tuple[float, float, np.ndarray]] = []
    point, level = np.array(x), best
    settings = TrustRegionOptions(iterations=60, first_radius=0.3, value_tolerance=1e-6)
    for _ in range(most):
        aim = at + step

        def drawn(p: np.ndarray, aim: float = aim) -> Evaluation:
            data = objective(p)
            if data.gradient is None or data.information is None:
                return data
            try:
                value, slope = aimed(p)
            except RunError as reason:
                return Evaluation(math.inf, failure=str(reason))
            off = (value - aim) / width
            pull = np.outer(slope, slope) / width**2
            return Evaluation(
                data.value + 0.5 * off * off, data.gradient + slope * off / width, data.information + pull
            )

        optimum = minimize(drawn, lambda p: drawn(p).value, point, objective.problem.bounds, settings)
        if not math.isfinite(optimum.value):
            break
        reached, _ = aimed(optimum.x)
        value = objective.value(optimum.x)
        if (reached - at) * step <= 1e-3 * abs(step) * abs(deviation):
            if abs(step) > 1e3 * abs(deviation):
                break  # no pull moves it further: all that could do so is at its bound
            step *= 4.0
            continue
        growth = value - level
        point, at, level = optimum.x, reached, value
        trail.append((at, level, point))
        if level > best + 1.05 * rise:
            break
        step *= 2.0 if growth < 0.05 * rise else 0.6 if growth > 0.4 * rise else 1.0
    return trail
