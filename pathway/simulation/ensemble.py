"""`simulate_ensemble`: many members of one model, in lanes, on threads, on other machines, onto disk."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.errors import InputError, public_function
from pathway.extras import pandas, xarray
from pathway.notebook import html_card, listed

from .checks import (
    Values,
    checked_limits,
    checked_row,
    checked_start_time,
    checked_texts,
    checked_times,
    checked_tolerances,
    is_steady_state,
    numbers_of,
)
from .errors import SimulationError
from .interventions import Intervention, checked_interventions, schedule_of
from .members import MemberRuns, run_members
from .prepared import PreparedModel, prepare_model
from .solvers import layout
from .tasks import MAXIMUM_STEPS, plan_task
from .trajectory import Trajectory

CHUNK = 4096
"""Members that another process is given at a time, and that are held in memory on the way to a file."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """What many runs give back; also usable as the array of its values.

    Attributes
    ----------
    names : tuple of str
        Species, or the observables asked for.
    times : array, shape (n_times,)
    values : array, shape (n_members, n_times, n_names)
        nan in members that failed.
    failures : dict of member to SimulationError
    steps : array of int, shape (n_members,)
    runs : MemberRuns, optional
        What members have come to, if they were run in this process.
    """

    names: tuple[str, ...]
    times: np.ndarray
    values: np.ndarray
    failures: Mapping[int, SimulationError] = field(default_factory=dict)
    steps: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    runs: MemberRuns | None = None

    def __repr__(self) -> str:
        n_members, n_times, n_names = self.values.shape
        failed = f", {len(self.failures)} members failed" if self.failures else ""
        return f"<Ensemble: {n_members} members, {n_times} times, {n_names} names: {listed(self.names)}{failed}>"

    def _repr_html_(self) -> str:
        if not self.values.size:
            return html_card(repr(self).strip("<>"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of names that no member has a number for
            low, middle, high = np.nanquantile(self.values[:, -1], (0.05, 0.5, 0.95), axis=0)
        rows = [[name, float(low[k]), float(middle[k]), float(high[k])] for k, name in enumerate(self.names)]
        return html_card(repr(self).strip("<>"), (), [(["at the end", "5 %", "median", "95 %"], rows)])

    def to_dataframe(self) -> Any:
        """One row for each member and time, one column for each name.

        Raises
        ------
        ImportError
            Where pandas is not installed.
        """
        index = pandas().MultiIndex.from_product([range(len(self.values)), self.times], names=["member", "time"])
        return pandas().DataFrame(self.values.reshape(-1, len(self.names)), index=index, columns=list(self.names))

    def to_xarray(self) -> Any:
        """A data set over member and time.

        Raises
        ------
        ImportError
            Where xarray is not installed; the line names the extra.
        """
        variables = {name: (("member", "time"), self.values[:, :, k]) for k, name in enumerate(self.names)}
        return xarray().Dataset(variables, {"member": range(len(self.values)), "time": self.times})

    def trajectory(self, member: int) -> Trajectory:
        """One member as `simulate` gives it, with its parameters over time.

        Raises
        ------
        SimulationError
            Why the member failed.
        InputError
            Where something else than all species was recorded, or members were run elsewhere.
        """
        if self.runs is None or self.names != self.runs.model.species:
            raise InputError("trajectory: expected an ensemble of all species that was run in this process")
        return self.runs.trajectory(member)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype) if copy else np.asarray(self.values, dtype=dtype)

    def __getitem__(self, key: Any) -> np.ndarray:
        """A quantity by name, shape (n_members, n_times); anything else as in an array."""
        return self.values[..., self.names.index(key)] if isinstance(key, str) else self.values[key]


@dataclass(frozen=True)
class _Options:
    """How members are run."""

    times: np.ndarray
    names: tuple[str, ...] | None
    interventions: Any
    each_its_own: bool
    relative: float
    absolute: np.ndarray | None
    begin: float
    maximum_step: float
    maximum_steps: int
    from_steady_state: bool
    solver: str


@public_function(renamed={"begin": "start"})
def simulate_ensemble(
    model: Model,
    times: Sequence[float] | np.ndarray,
    parameters: np.ndarray,
    *,
    workers: int | None = None,
    initial: str | Values = None,
    interventions: Sequence[Intervention] | Sequence[Sequence[Intervention]] = (),
    observables: Sequence[str] | None = None,
    executor: Any = None,
    chunk: int = CHUNK,
    relative_tolerance: float = 1e-6,
    absolute_tolerance: float | np.ndarray | None = None,
    start: float | None = None,
    maximum_step: float | None = None,
    maximum_steps: int = MAXIMUM_STEPS,
    solver: str = "Rodas5P",
) -> Ensemble:
    """The courses of many members, which differ in parameters, initial state or interventions.

    Parameters
    ----------
    model : Model
    times : array, shape (n_times,)
    parameters : array, shape (n_members, n_parameters)
    workers : int, optional
        Threads; 1: the calling thread; None: as many as there are cores. What a member gives does not depend on it.
    initial : "steady_state", array of shape (n_species,) or (n_members, n_species), mapping of some names, or None
        State at the start. None: the model's initial formulas at each member's parameters; "steady_state": each
        member's own steady state.
    interventions : sequence of Intervention, or one such sequence per member
    observables : sequence of str, optional
        Observables, assignments or species to record instead of all species.
    executor : object with `map` or `submit`, optional
        Runs chunks of members elsewhere: a `concurrent.futures` pool, a Dask client.
    chunk : int
        Members per task of the executor.
    relative_tolerance, absolute_tolerance, maximum_step, maximum_steps, solver
        As in `simulate`.
    start : float, optional
        When the runs begin; None: the model's own start time.

    Returns
    -------
    Ensemble
        Members that failed are reported in `failures` and hold nan; the others are what they would be without them.

    Raises
    ------
    ValueError
        One line naming the argument.

    Examples
    --------
    >>> import numpy, pathway
    >>> model = pathway.load("minimal")
    >>> sets = model.parameter_values * numpy.random.default_rng(1).uniform(0.8, 1.25, (10, len(model.parameters)))
    >>> pathway.simulate_ensemble(model, [0.0, 24.0], sets, initial="steady_state")["PTEN"].shape
    (10, 2)
    """
    prepared = prepare_model(model)
    parameters = checked_members(model, parameters)
    starts = _checked_starts(model, initial, len(parameters))
    each_its_own = _one_list_each(interventions)
    if each_its_own and len(interventions) != len(parameters):
        raise InputError(f"interventions: {len(interventions)} lists for {len(parameters)} members")
    begin = checked_start_time(start, model.start_time)
    relative, absolute = checked_tolerances(relative_tolerance, absolute_tolerance, len(model.species))
    checked_limits(maximum_step, maximum_steps, None)
    options = _Options(
        times=checked_times(times, begin),
        names=None if observables is None else checked_texts("observables", observables),
        interventions=interventions,
        each_its_own=each_its_own,
        relative=relative,
        absolute=absolute,
        begin=begin,
        maximum_step=np.inf if maximum_step is None else float(maximum_step),
        maximum_steps=maximum_steps,
        from_steady_state=isinstance(initial, str),
        solver=solver,
    )
    if executor is not None:
        if not hasattr(executor, "map") and not hasattr(executor, "submit"):
            raise InputError(f"executor: expected an object with map or submit, got {type(executor).__name__}")
        return _elsewhere(executor, model, parameters, starts, options, chunk)
    return _run_members(prepared, parameters, starts, options, workers)


def _one_list_each(interventions: Any) -> bool:
    """Whether there is one sequence of interventions for each member, instead of one for all."""
    if isinstance(interventions, Sequence) and len(interventions) and isinstance(interventions[0], Sequence):
        for entry in interventions:
            checked_interventions(entry)
        return True
    checked_interventions(interventions)
    return False


def checked_members(model: Model, parameters: Any) -> np.ndarray:
    """Parameters of all members; nan stays, and its member will be reported as failed."""
    array = np.ascontiguousarray(numbers_of("parameters", parameters))
    if array.ndim != 2 or array.shape[1] != len(model.parameters):
        raise InputError(f"parameters: expected shape (n_members, {len(model.parameters)}), got {array.shape}")
    return array


def _checked_starts(model: Model, initial: Any, n_members: int) -> np.ndarray | None:
    if initial is None or is_steady_state(initial):
        return None
    if isinstance(initial, Mapping):
        return checked_row("initial", initial, model.species, model.initial_values, model)[None]
    array = numbers_of("initial", initial)
    n_species = len(model.species)
    if array.shape not in ((n_species,), (n_members, n_species)):
        raise InputError(f"initial: expected shape ({n_species},) or ({n_members}, {n_species}), got {array.shape}")
    return array.reshape(-1, len(model.species))


def _run_members(
    prepared: PreparedModel, parameters: np.ndarray, starts: np.ndarray | None, options: _Options, workers: int | None
) -> Ensemble:
    """Run all members in this process."""
    model, n, names = prepared.model, len(parameters), options.names
    failures: dict[int, SimulationError] = {}
    shown = model.species if names is None else names
    if n == 0:
        return Ensemble(shown, options.times, np.zeros((0, len(options.times), len(shown))))
    if starts is None:
        starts = prepared.many_starts(parameters)
    if options.from_steady_state:
        from .steady import steady_states

        everyone = np.ascontiguousarray(np.broadcast_to(starts, (n, starts.shape[1])))
        starts, missed = steady_states(model, everyone, parameters)
        failures |= missed
    lists = options.interventions if options.each_its_own else [options.interventions]
    schedules = [schedule_of(model, each, options.begin, float(options.times[-1])) for each in lists]
    what = prepared, options.times, options.begin, starts, parameters, options.relative, options.absolute
    task = plan_task(*what, schedules, refused=failures)
    task = task._replace(maximum_step=options.maximum_step, maximum_steps=options.maximum_steps)
    runs = run_members(prepared, task, options.solver, names, workers, known=failures)
    failures = dict(sorted({**runs.failures, **failures}.items()))
    runs.report.values[list(failures)] = np.nan
    steps = runs.report.counts[:, layout.STEPS].copy()
    return Ensemble(shown, options.times, runs.report.values, failures, steps, runs)


# --- elsewhere ----------------------------------------------------------------------------------------------------


def _elsewhere(
    executor: Any, model: Model, parameters: np.ndarray, starts: np.ndarray | None, options: _Options, chunk: int
) -> Ensemble:
    """Run chunks of members on an executor and put them together in order."""
    tasks = list(_chunks(model, parameters, starts, options, chunk))
    if hasattr(executor, "submit"):
        futures = [executor.submit(_run_chunk, *task) for task in tasks]
        parts = [future.result() for future in futures]
    else:
        parts = list(executor.map(_run_chunk, *zip(*tasks, strict=True)))
    failures: dict[int, SimulationError] = {}
    for first, part in zip(range(0, len(parameters), chunk), parts, strict=True):
        failures |= {first + member: error for member, error in part.failures.items()}
    values = np.concatenate([part.values for part in parts])
    return Ensemble(parts[0].names, options.times, values, failures, np.concatenate([part.steps for part in parts]))


def _chunks(
    model: Model, parameters: np.ndarray, starts: np.ndarray | None, options: _Options, chunk: int
) -> Iterator[tuple[Model, np.ndarray, np.ndarray | None, _Options]]:
    for first in range(0, len(parameters), chunk):
        rows = slice(first, first + chunk)
        own = starts if starts is None or len(starts) == 1 else starts[rows]
        some = options
        if options.each_its_own:
            some = replace(options, interventions=list(options.interventions)[rows])
        yield model, parameters[rows], own, some


def _run_chunk(model: Model, parameters: np.ndarray, starts: np.ndarray | None, options: _Options) -> Ensemble:
    """One task of an executor: its members on one thread."""
    return replace(_run_members(prepare_model(model), parameters, starts, options, 1), runs=None)
