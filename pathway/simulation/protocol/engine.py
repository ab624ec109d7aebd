"""Single segments on the compiled engine: run, run with their steps kept, and run to a steady state."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..errors import SimulationError
from ..events import EventRun, EventState
from ..hybrid import Saltation, hybrid_model_if_needed
from ..interventions import NOTHING
from ..prepared import PreparedModel, PreparedTask, absolute_share, prepare_model
from ..sensitivities import EventSensitivities, SensitivityCourse
from ..solvers import layout as codes
from ..solvers.layout import IntegrationReport
from ..steady import find_steady_states, unbounded_outputs
from ..steady_model import steady_model
from ..tasks import empty_report, lane_width, make_task, member_errors, plan_task, run_one, single_member_task
from .outputs import RunError
from .plan import SimulationPlan
from .segments import ModeSegment, Segment

SMALL = 1e-10
"""Absolute tolerance is at most this share of the largest value a species has had so far; see `absolute_share`."""

FAINT = 1e-16
"""The same for a species that starts at zero, as a share of the largest start: amounts of a model in no declared unit
may lie many decades apart, and what is measured may be the smallest."""

SPANS = 8.0 ** np.arange(12)
"""Times at which a run with events is looked at on its way to a steady state, in multiples of its longest time."""

MOST_EVENTS = 1000
"""Events between two of these times from which on they are taken to go on for ever."""

MOST_READY = 1000
"""Runs kept ready before all are let go."""

TAPE_BYTES = 2**28
"""Room for the steps of members that run together (most of it is never touched), but for so many at least:"""

LEAST_TOGETHER = 8

MOST_ENTRIES = 2**20
"""Entries of all Jacobians of members that are brought to rest together."""


class TapedRun(NamedTuple):
    """A member that has been run, with its steps.

    Attributes
    ----------
    tape : array
        Steps, as in `IntegrationReport.tape`, of which rows `first` to `last` - 1 are its own.
    values : array, shape (n_times, n_species)
    end : array, shape (n_species,)
    """

    tape: np.ndarray
    first: int
    last: int
    values: np.ndarray
    end: np.ndarray


@dataclass(eq=False)
class PeriodSensitivities:
    """Slopes along one period with events.

    Attributes
    ----------
    state : array, shape (n_species, n_directions)
        At the start; after the run, at the end.
    by_parameter : array, shape (n_model_parameters, n_directions)
    scales : array, shape (n_directions,)
        Sizes of what moves.
    relative : float
        Relative tolerance.
    values : array, shape (n_times, n_species, n_directions)
        After the run.
    """

    state: np.ndarray
    by_parameter: np.ndarray
    scales: np.ndarray
    relative: float
    values: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0)))


class SegmentEngine:
    """Runs segments of a plan's model.

    Attributes
    ----------
    model : Model
    prepared : PreparedModel
    hybrid : HybridModel or None
        If rates have switches that move with the state or with estimated parameters: what runs that stop at each of
        them are made with.
    traced : PreparedModel
        What the steps that are kept, and events, belong to.
    solver : str
    pace : float
        The longest time that is measured.
    steady : SteadyModel
    initial_events : EventState
        Before the start of an experiment.
    """

    def __init__(self, plan: SimulationPlan, solver: str) -> None:
        self.model, self.solver = plan.model, solver
        self.prepared: PreparedModel = prepare_model(plan.model)
        moving = [plan.model.parameters[k] for k in plan.moving]
        self.hybrid = hybrid_model_if_needed(plan.model, moving)
        self.traced = self.prepared if self.hybrid is None else self.hybrid.prepared
        self.initial_events = EventState.initial(self.traced.model)
        self.steady = steady_model(plan.model)
        self._read_outputs = plan.read_at_rest[self.steady.outputs[plan.read_at_rest]]
        finite = plan.output_time[np.isfinite(plan.output_time)]
        self.pace = max(float(np.max(np.abs(finite), initial=0.0)), 1.0)
        self._tape = np.empty((0, 0))
        self._ready: dict[tuple, PreparedTask] = {}
        switching = self.prepared.time_switches
        self._switch_places = switching.places(switching.in_rates)

    @property
    def stops_by_state(self) -> bool:
        """Whether runs stop where their own state says so: at events, and at switches that read it, what is left of
        which would otherwise hide differences."""
        return bool(self.model.events) or (self.hybrid is not None and self.hybrid.reads_state)

    # Runs without their steps.

    def advance(
        self,
        start: float,
        times: np.ndarray,
        states: np.ndarray,
        rows: np.ndarray,
        relative: float,
        name: Hashable = None,
    ) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:
        """Run members from equal start over equal times.

        Parameters
        ----------
        start : float
        times : array, shape (n_times,)
        states : array, shape (n_members, n_species)
        rows : array, shape (n_members, n_model_parameters)
        relative : float
            Relative tolerance.
        name : hashable, optional
            A name for this start, these times and this number of members, under which the run is kept ready; then the
            next such run overwrites what is returned.

        Returns
        -------
        values : array, shape (n_members, n_times, n_species)
        ends : array, shape (n_members, n_species)
        failures : dict of int to str
            Members that could not be run, with the reason.
        """
        refused: dict[int, SimulationError] = {}
        ready = self._run(name, start, times, states, rows, relative, refused=refused)
        failed = member_errors(self.prepared, ready.task, ready.report, self.solver) | refused
        return ready.report.values, ready.report.states, {k: str(reason) for k, reason in failed.items()}

    # Runs that keep their steps.

    def taped(
        self, batch: Hashable, start: float, times: np.ndarray, states: np.ndarray, rows: np.ndarray, relative: float
    ) -> Iterator[TapedRun]:
        """Run members from equal start over equal times as `advance` does, one after the other with its steps; what is
        told of one holds until some other batch is asked for.

        Raises
        ------
        SimulationError
        """
        n_bytes = self.prepared.tape_rows * (codes.TAPE_HEAD + 5 * states.shape[1]) * 8
        together = max(TAPE_BYTES // n_bytes, LEAST_TOGETHER)
        for first in range(0, len(states), together):
            part = slice(first, first + together)
            yield from self._taped((batch, first), start, times, states[part], rows[part], relative)

    def _taped(
        self, name: Hashable, start: float, times: np.ndarray, states: np.ndarray, rows: np.ndarray, relative: float
    ) -> Iterator[TapedRun]:
        while True:
            ready = self._run(name, start, times, states, rows, relative, tape=True)
            task, report = ready.task, ready.report
            statuses = report.counts[:, codes.STATUS].tolist()
            if codes.TAPE_FULL not in statuses:
                break
            self.prepared.tape_rows *= 4
            self._ready.clear()
        share = len(report.tape) // len(states)
        for k, (status, n_rows) in enumerate(zip(statuses, report.counts[:, codes.TAPED].tolist(), strict=True)):
            if status == codes.DONE:
                yield TapedRun(report.tape, k * share, k * share + n_rows, report.values[k], report.states[k])
            else:
                again = single_member_task(task, k)._replace(pivoted=int(status == codes.VANISHING_PIVOT))
                alone = run_one(self.prepared, self.prepared.kernels(1), again, self.solver, tape=True)
                n_rows = int(alone.counts[0, codes.TAPED])
                yield TapedRun(alone.tape, 0, n_rows, alone.values[0], alone.states[0])

    def _run(
        self,
        name: Hashable,
        start: float,
        times: np.ndarray,
        states: np.ndarray,
        rows: np.ndarray,
        relative: float,
        refused: dict[int, SimulationError] | None = None,
        tape: bool = False,
    ) -> PreparedTask:
        """Members as far as they get, by a run that is kept ready under a name if it has one."""
        of_parameters, of_species = self._switch_places
        # Two runs of one name differ in nothing but when their rates switch by time alone, which depends on these.
        key: tuple = (name, relative)
        share = absolute_share(relative, SMALL)
        if of_parameters or of_species:
            key += (rows[:, of_parameters].tobytes(), states[:, of_species].tobytes())
        ready = self._ready.get(key) if name is not None else None
        if ready is None:
            own = states.copy(), rows.copy(), relative, _absolute(states, share)
            task = plan_task(self.prepared, times, start, *own, running=share, refused=refused)
            kernels = self.prepared.kernels(lane_width(len(states)))
            report = empty_report(len(states), len(times), states.shape[1], kernels, blank=False)
            report = report._replace(tape=self._tape_of(len(states))) if tape else report
            ready = PreparedTask(self.prepared, kernels, self.solver, task, report)
            if name is not None and not refused:
                if len(self._ready) > MOST_READY:
                    self._ready.clear()
                self._ready[key] = ready
        task = ready.task
        task.starts[:], task.parameters[:], task.absolute[:] = states, rows, _absolute(states, share)
        ready.report.counts[:] = 0
        ready()
        return ready

    def _tape_of(self, n_members: int) -> np.ndarray:
        """Room for the steps of members; all runs write to the same."""
        n_rows = n_members * self.prepared.tape_rows
        if len(self._tape) < n_rows:
            self._tape = np.empty((n_rows, codes.TAPE_HEAD + 5 * len(self.prepared.model.species)))
            # What was made ready before holds the old one, which is not to live on beside the new.
            self._ready.clear()
        return self._tape[:n_rows]

    def pieces(
        self, segment: Segment, state: np.ndarray, row: np.ndarray, relative: float
    ) -> tuple[np.ndarray, np.ndarray, list[ModeSegment]]:
        """Run a segment up to its last finite moment, stopping at every switch of the rates.

        Returns
        -------
        values : array, shape (n_moments, n_species)
        end : array, shape (n_species,)
        pieces : list of ModeSegment

        Raises
        ------
        RunError
        """
        hybrid, pieces = self.hybrid, list[ModeSegment]()
        assert hybrid is not None
        share = absolute_share(relative, SMALL)
        one = state[None].copy(), row[None], _absolute(state[None], share)
        task = hybrid.task(make_task(segment.moments[0], segment.start, *one, [NOTHING], relative, share))
        run = EventRun(self.traced, task, self.solver, tape=True, hybrid=hybrid)

        def keep(report: IntegrationReport, times: np.ndarray) -> None:
            tape = report.tape[: report.counts[0, codes.TAPED]].copy()
            pieces.append(ModeSegment(tape, run.parameters.copy()))

        def cross(saltations: list[Saltation]) -> None:
            if not pieces:  # at the very start
                pieces.append(ModeSegment(np.zeros((0, 0)), run.parameters.copy()))
            pieces[-1].saltations.extend(saltations)

        run.on_stretch, run.on_cross = keep, cross
        try:
            run.run()
        except SimulationError as reason:
            raise RunError(str(reason)) from None
        return run.values, run.state, pieces

    # Runs with events.

    def simulated(
        self,
        start: float,
        times: np.ndarray,
        state: np.ndarray,
        row: np.ndarray,
        relative: float,
        events: EventState,
        open_end: bool = False,
        slopes: PeriodSensitivities | None = None,
    ) -> tuple[np.ndarray, EventState]:
        """One period of an experiment with events, from what they remember of the periods before, with slopes if
        there are `slopes` to carry on.

        Returns
        -------
        values : array, shape (n_times, n_species)
            At the last time of a period with an open end: before anything that happens then.
        events : EventState
            For the next period.
        """
        share = absolute_share(relative, SMALL)
        one = state[None], row[None], _absolute(state[None], share)
        task = make_task(times, start, *one, [NOTHING], relative, share)
        if self.hybrid is not None:
            task = self.hybrid.task(task)
        if slopes is None:
            run = EventRun(self.traced, task, self.solver, hybrid=self.hybrid, continued=events, open_end=open_end)
            run.run()
            return run.values, run.events
        modes = np.zeros((task.parameters.shape[1] - len(row), slopes.by_parameter.shape[1]))
        by_parameter = np.concatenate([slopes.by_parameter, modes])
        course = SensitivityCourse(self.traced, task, slopes.state, by_parameter, slopes.relative, scales=slopes.scales)
        run = EventSensitivities(self.traced, task, self.solver, course, self.hybrid, events, open_end)
        run.run()
        slopes.state, slopes.values = course.matrix, course.values
        return run.values, run.events

    # Steady states.

    def rested(
        self, start: float, states: np.ndarray, rows: np.ndarray, measured: bool = False
    ) -> tuple[np.ndarray, dict[int, str]]:
        """The steady states that runs without events come to.

        Parameters
        ----------
        start : float
        states : array, shape (n_members, n_species)
        rows : array, shape (n_members, n_model_parameters)
        measured : bool
            Whether what grows for ever must not be read there.

        Returns
        -------
        states : array, shape (n_members, n_species)
        failures : dict of int to str
            Members that have none, with the reason.
        """
        ends, failures = states.copy(), dict[int, str]()
        together = max(MOST_ENTRIES // max(states.shape[1], 1) ** 2, LEAST_TOGETHER)
        for first in range(0, len(states), together):
            part = slice(first, first + together)
            n_members = len(states[part])
            ends[part], problems = find_steady_states(
                self.steady, states[part], rows[part], start, lane_width(n_members)
            )
            failures |= {first + k: str(problem) for k, problem in problems.items()}
        for k in range(len(ends) if measured else 0):
            if k not in failures:
                try:
                    self._check_measured(start, ends[k], rows[k])
                except RunError as reason:
                    failures[k] = str(reason)
        return ends, failures

    def _check_measured(self, start: float, state: np.ndarray, row: np.ndarray) -> None:
        """Raise if an output that never rests is read where time has no end."""
        if len(self._read_outputs):
            unbounded = unbounded_outputs(self.steady, state, row, start)[self._read_outputs]
            if unbounded.any():
                name = self.model.species[self._read_outputs[np.argmax(unbounded)]]
                raise RunError(f"'{name}' is measured at infinite time, but it never rests")

    def rested_with_events(
        self,
        start: float,
        state: np.ndarray,
        row: np.ndarray,
        relative: float,
        events: EventState,
        slopes: PeriodSensitivities | None = None,
    ) -> tuple[np.ndarray, EventState]:
        """The steady state that a run with events comes to, shape (n_species,), and what they remember there.

        It lasts for as long as anything may still happen: an event that waits happens before the end.

        Raises
        ------
        RunError
        """
        begin, seen, executed = start, [state], events.executed
        for end in start + self.pace * SPANS:
            already = executed
            values, events = self.simulated(begin, np.array([end]), seen[-1], row, relative, events, slopes=slopes)
            begin, executed = end, events.executed
            seen.append(values[0])
            if executed - already > MOST_EVENTS:
                break
        if executed > already:
            raise RunError(f"no steady state within {begin:g}; events go on happening")
        self._check_still(np.array(seen), begin)
        return seen[-1], events

    def _check_still(self, values: np.ndarray, time: float) -> None:
        """Raise if the last of some states, an eighth of the way and more apart, still differs from the one before."""
        change, size = np.abs(values[-1] - values[-2]), np.abs(values[-1])
        scale = 1e-12 * np.max(np.abs(values), axis=0)
        if np.any(change > 1e-7 * size + scale):
            moving = self.model.species[int(np.argmax(change / (size + scale + 1e-300)))]
            raise RunError(f"no steady state within {time:g}; {moving} still changes")


def _absolute(starts: np.ndarray, share: float) -> np.ndarray:
    """Absolute tolerances to begin with, shape (n_members, n_species): this share of each start."""
    own = np.abs(starts)
    largest = np.maximum.reduce(own, axis=1, keepdims=True)
    largest[largest == 0.0] = 1.0
    return np.maximum(share * own, FAINT * largest)
