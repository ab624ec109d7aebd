"""`simulate_ensemble`: many members of one model, in lanes, on threads, on other machines, onto disk."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    checked_start,
    checked_texts,
    checked_times,
    checked_tolerances,
    is_steady_state,
    numbers_of,
)
from .errors import SimulationError
from .formulas import find_formula
from .interventions import Intervention, checked_interventions, schedule_of, schedule_with_breaks
from .prepared import SMALL, PreparedModel, prepare_model
from .solvers import layout
from .solvers.layout import IntegrationReport, IntegrationTask
from .switches import SwitchError
from .tasks import (
    MAXIMUM_STEPS,
    empty_report,
    largest_doses,
    make_task,
    member_errors,
    single_member_task,
    with_schedules,
)
from .threads import map_on_threads

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
    """

    names: tuple[str, ...]
    times: np.ndarray
    values: np.ndarray
    failures: Mapping[int, SimulationError] = field(default_factory=dict)
    steps: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

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
    begin = checked_start(start, model.start_time)
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
    model, n = prepared.model, len(parameters)
    shown, names = _shown(prepared, options.names)
    failures: dict[int, SimulationError] = {}
    if n == 0:
        return Ensemble(names, options.times, np.zeros((0, len(options.times), len(names))))
    if starts is None:
        starts = prepared.many_starts(parameters)
    if options.from_steady_state:
        from .steady import steady_states

        everyone = np.ascontiguousarray(np.broadcast_to(starts, (n, starts.shape[1])))
        starts, missed = steady_states(model, everyone, parameters)
        failures |= missed
    task, refused = _task(prepared, parameters, starts, options)
    failures |= refused
    kernels = shown.kernels(1 if n == 1 else None, observables=options.names is not None)
    if model.events:
        report = _run_with_events(shown, task, n, len(names), options, failures)
    else:
        report = empty_report(n, len(options.times), len(names), kernels, False, blank=False)
        _on_threads(lambda task: shown.run(kernels, options.solver, task, report), task, kernels.width, workers)
    failures |= member_errors(shown, task, report, options.solver, options.names is not None, failures)
    failures = dict(sorted(failures.items()))
    report.values[list(failures)] = np.nan
    return Ensemble(names, options.times, report.values, failures, report.counts[:, layout.STEPS].copy())


def _shown(prepared: PreparedModel, names: tuple[str, ...] | None) -> tuple[PreparedModel, tuple[str, ...]]:
    """The model whose observables are the names asked for."""
    if names is None:
        return prepared, prepared.model.species
    return prepared.once(_showing, names), names


def _showing(model: Model, names: tuple[str, ...]) -> PreparedModel:
    return prepare_model(replace(model, observables={name: find_formula(model, name) for name in names}))


def _task(
    prepared: PreparedModel, parameters: np.ndarray, starts: np.ndarray, options: _Options
) -> tuple[IntegrationTask, dict[int, SimulationError]]:
    """What is to be run, and members whose switches cannot be isolated."""
    model, end = prepared.model, float(options.times[-1])
    switching = prepared.time_switches
    breaks = bool(switching.in_rates) and not model.events
    if options.each_its_own:
        lists = options.interventions
    else:
        lists = [options.interventions]
    several = options.each_its_own or breaks
    refused: dict[int, SimulationError] = {}
    schedules = [schedule_of(model, interventions, options.begin, end) for interventions in lists]
    if breaks:
        schedules = schedules if options.each_its_own else schedules * len(parameters)
        for k, row in enumerate(parameters):
            state = starts[k if len(starts) > 1 else 0]
            try:
                schedules[k] = schedule_with_breaks(schedules[k], switching, row, state, options.begin, end)
            except SwitchError as error:
                refused[k] = error
    running, absolute = 0.0, options.absolute
    if absolute is None:
        doses = None if several else largest_doses(schedules[0], len(model.species))
        running, absolute = SMALL, SMALL * prepared.scales(starts, doses)
    task = make_task(
        options.times,
        options.begin,
        starts,
        parameters,
        np.ascontiguousarray(np.atleast_2d(absolute)),
        schedules[0],
        options.relative,
        running,
    )
    task = with_schedules(task, schedules)._replace(
        maximum_step=options.maximum_step,
        maximum_steps=options.maximum_steps,
    )
    return task, refused


def worker_count(workers: int | None) -> int:
    """Threads to use: as asked, or one per core that this process may use."""
    if workers is not None:
        if not isinstance(workers, (int, np.integer)) or workers < 1:
            raise InputError(f"workers: expected a whole number of at least 1, got {workers!r}")
        return workers
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _on_threads(work: Callable[[IntegrationTask], Any], task: IntegrationTask, width: int, workers: int | None) -> None:
    """Run a task's members on threads whose lanes take the next member whenever one is free."""
    n_workers = min(worker_count(workers), -(-(task.last - task.first) // width))
    if n_workers <= 1:
        work(task)
        return
    shared = task._replace(queue=np.array([task.first], dtype=np.int64))
    list(map_on_threads(work, [shared] * n_workers, n_workers))


def _run_with_events(
    shown: PreparedModel,
    task: IntegrationTask,
    n: int,
    n_names: int,
    options: _Options,
    failures: dict[int, SimulationError],
) -> IntegrationReport:
    """Members of a model with events, one after the other; their errors join the failures that are known."""
    from .events import EventRun
    from .formulas import evaluate_names

    kernels = shown.kernels(1)
    report = empty_report(n, len(options.times), n_names, kernels, False, blank=False)
    for member in range(n):
        going = EventRun(shown, single_member_task(task, member), options.solver)
        try:
            going.run()
        except SimulationError as error:
            report.counts[member, layout.STATUS] = layout.NOT_STARTED
            failures.setdefault(member, error)
            continue
        values = going.values
        if options.names is not None:
            values = evaluate_names(shown.model, options.names, task.times, values, going.used)
        report.values[member], report.states[member] = values, going.state
        report.counts[member] = going.counts
        report.counts[member, layout.STATUS] = layout.DONE
    return report


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
    return _run_members(prepare_model(model), parameters, starts, options, 1)
