"""`simulate`: one run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import numpy as np

from pathway.equations import Model
from pathway.errors import public_function

from .checks import (
    Values,
    checked_limits,
    checked_row,
    checked_slopes,
    checked_start_time,
    checked_times,
    checked_tolerances,
)
from .interventions import Intervention, checked_interventions, schedule_of
from .members import run_members
from .prepared import prepare_model
from .single_run import simulate_one
from .tasks import MAXIMUM_STEPS, plan_task, time_limit
from .trajectory import Trajectory


@public_function(renamed={"begin": "start"})
def simulate(
    model: Model,
    times: Sequence[float] | np.ndarray,
    *,
    parameters: Values = None,
    initial: Values = None,
    interventions: Sequence[Intervention] = (),
    relative_tolerance: float = 1e-6,
    absolute_tolerance: float | Sequence[float] | np.ndarray | None = None,
    sensitivities: Sequence[str] | None = None,
    initial_sensitivities: np.ndarray | None = None,
    start: float | None = None,
    maximum_step: float | None = None,
    maximum_steps: int = MAXIMUM_STEPS,
    wall_time: float | None = None,
    solver: str = "Rodas5P",
) -> Trajectory:
    """The course of a model over time.

    Parameters
    ----------
    model : Model
    times : array, shape (n_times,)
        Moments to record, ascending, in the model's time unit.
    parameters : array of shape (n_parameters,), mapping of some names, or None
        None: the model's own.
    initial : array of shape (n_species,), mapping of some names, or None
        State at the start; None: the model's initial formulas at these parameters.
    interventions : sequence of Intervention
        In any order; at its own time an intervention has already happened.
    relative_tolerance : float
    absolute_tolerance : float, array of shape (n_species,), or None
        None: 1e-9 of each species' own scale, and below a relative tolerance of 1e-7 a hundredth of that tolerance. The
        scale is the declared one, else the initial value, else a millionth of the largest initial value or dose of the
        same unit; and never less than the largest value it has had so far.
    sensitivities : sequence of str, optional
        Parameters, or species for their initial values.
    initial_sensitivities : array, shape (n_species, n_sensitivities), optional
        Derivative of `initial` by each name, as `steady_state_sensitivities` gives it; None: that of the initial
        formulas, or 0 by parameters if `initial` is given.
    start : float, optional
        When the run begins; None: the model's own start time.
    maximum_step, wall_time : float, optional
        In the model's time unit; in seconds.
    maximum_steps : int
    solver : str
        A name of `pathway.simulation.solvers.METHODS`; "AutoTsit5" takes explicit steps where it measures that a run is
        not stiff.

    Returns
    -------
    Trajectory

    Raises
    ------
    ValueError
        One line naming the argument.
    SimulationError
        With time, state and the fastest-changing species; or naming a switch of the rates at which a sensitivity that
        is asked for does not exist.

    Examples
    --------
    >>> import numpy, pathway
    >>> trajectory = pathway.simulate("bt474", numpy.linspace(0.0, 72.0, 145))
    >>> trajectory["pAKT"].shape
    (145,)

    Notes
    -----
    Where a piecewise, comparison, floor or ceil of a rate changes at a moment that depends on what is asked for,
    sensitivities jump (`pathway.simulation.hybrid`); at the very moment of such a jump they are those after it.
    The tolerance holds for a sensitivity on the scale of its species over its parameter. One that is a small difference
    of large effects has fewer digits: in Bachmann 2011 CISRNA hardly depends on its turnover number, p dy/dp being
    1.6e-4 of y, and at a tolerance of 1e-6 that slope is right to 0.4 % (7e-7 of y), at 1e-8 to 3e-5.
    """
    prepared = prepare_model(model)
    begin = checked_start_time(start, model.start_time)
    times = checked_times(times, begin)
    p = checked_row("parameters", parameters, model.parameters, model.parameter_values, model)
    y = checked_row("initial", initial, model.species, prepared.starts(p), model)
    relative, absolute = checked_tolerances(relative_tolerance, absolute_tolerance, len(model.species))
    checked_limits(maximum_step, maximum_steps, wall_time)
    schedule = schedule_of(model, checked_interventions(interventions), begin, float(times[-1]))
    limit = np.inf if maximum_step is None else maximum_step
    if sensitivities is None and wall_time is None:
        what = prepared, times, begin, y, p, relative, absolute, schedule
        trajectory = simulate_one(*what, limit, maximum_steps, solver)
        if trajectory is not None:
            return trajectory
    task = plan_task(prepared, times, begin, y[None], p[None], relative, absolute, [schedule])
    task = task._replace(maximum_step=limit, maximum_steps=maximum_steps)
    with nullcontext() if wall_time is None else time_limit(task, wall_time):
        if sensitivities is not None:
            from .sensitivities import checked_names, simulate_with_sensitivities

            names = checked_names(model, sensitivities)
            slopes = prepared.start_slopes(p, names, given=initial is not None)
            if initial_sensitivities is not None:
                slopes = checked_slopes(initial_sensitivities, slopes.shape)
            return simulate_with_sensitivities(prepared, task, names, slopes, solver)
        return run_members(prepared, task, solver).trajectory()
