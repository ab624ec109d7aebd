"""A model made ready to run: kernels compiled, and everything that does not change from call to call."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.errors import InputError
from pathway.expressions import Expression, differentiate, symbols
from pathway.expressions.arrays import evaluate_arrays
from pathway.expressions.evaluation import Evaluator, evaluate_all
from pathway.expressions.graph import is_number
from pathway.kernels import SOLVER, CompiledModel, compile_model, machine_width
from pathway.kernels.structs import array_address, packed_struct

from .solvers import method_by_name
from .solvers.lanes import lane_storage
from .solvers.layout import IntegrationReport, IntegrationTask, JacobianPattern, KernelAddresses, RosenbrockMethod
from .switches import TimeSwitches, switches

SMALL = 1e-9
"""The default absolute tolerance is at most this share of each species' own scale."""

SHARE_OF_RELATIVE = 0.01
"""And at most this share of the relative tolerance, times the scale: else it would decide alone below 1e-9."""

KERNEL_NAMES = (
    *("prepare", "right_hand_side", "jacobian", "factor", "solve", "observables"),
    *("add_scaled", "interpolate", "error_norm"),
)

EVENT_KERNELS = ("event_values", "event_delays", "event_priorities")

FAINT = 1e-6
"""The scale of a species that starts at zero, as a share of the largest start among species of its unit."""

TRACE = 1e-12
"""The smallest scale of one that does not: below this share of the largest a start is a trace left by rounding."""

Made = TypeVar("Made")
_NOT_YET = object()


def absolute_share(relative: float, most: float = SMALL) -> float:
    """The default absolute tolerance at a relative one, as a share of each species' own scale."""
    return min(most, SHARE_OF_RELATIVE * relative)


@dataclass(eq=False)
class PreparedModel:
    """What is kept with a model between calls.

    Attributes
    ----------
    model : Model
    tape_rows : int
        Steps that the longest tape so far had room for.
    """

    model: Model
    tape_rows: int = 512
    _last_starts: tuple[bytes, list[float]] = (b"", [])
    _last_tolerances: tuple[tuple[bytes, bytes | None, float], np.ndarray] | None = None

    def __reduce__(self) -> tuple:
        # Addresses mean nothing elsewhere: a copy makes its own.
        return prepare_model, (self.model,)

    def once(self, make: Callable[..., Made], *key: Hashable) -> Made:
        """`make(model, *key)`, worked out at the first request and kept with the model."""
        value = self._results.get((make, key), _NOT_YET)
        if value is _NOT_YET:
            value = self._results[make, key] = make(self.model, *key)
        return value

    @cached_property
    def _results(self) -> dict[Hashable, Any]:
        return {}

    @cached_property
    def _kernels(self) -> dict[tuple[int, bool, bool, bool], KernelAddresses]:
        return {}

    def kernels(
        self, width: int | None, observables: bool = False, events: bool = False, compiled_events: bool = False
    ) -> KernelAddresses:
        """Addresses and sizes for a lane width (None: the machine's); compiled when first asked for.

        With `events` the loop stops where a trigger changes, with `compiled_events` it carries out what follows.
        """
        width = machine_width() if width is None else width
        key = (width, observables, events, compiled_events)
        addresses = self._kernels.get(key)
        if addresses is None:
            addresses = self._kernels[key] = self._compile(*key)
        return addresses

    def _compile(self, width: int, observables: bool, events: bool, compiled_events: bool) -> KernelAddresses:
        parts = list(SOLVER)
        parts += ["observables"] * observables + ["event_roots", "event_conditions"] * (events or compiled_events)
        parts += list(EVENT_KERNELS) * compiled_events
        parts += ["switch_roots"] * any(s.in_rates and not s.time_only for s in switches(self.model))
        code = compile_model(self.model, width, parts)
        self._code[width, observables, events, compiled_events] = code
        sizes = {**code.sizes}
        return KernelAddresses(
            **{name: code.addresses.get(name, 0) for name in (*KERNEL_NAMES, *EVENT_KERNELS)},
            time_derivative=0 if code.autonomous else code.addresses["time_derivative"],
            roots=code.addresses.get("event_roots", 0) if sizes.get("event_roots", 0) else 0,
            conditions=code.addresses.get("event_conditions", 0),
            switches=code.addresses.get("switch_roots", 0),
            width=width,
            n_species=code.n_species,
            n_parameters=code.n_parameters,
            n_slots=code.parameter_slots,
            n_jacobian=len(code.patterns["jacobian"]),
            n_factor=sizes["lu"],
            n_observables=sizes.get("observables", 0),
            n_roots=sizes.get("event_roots", 0),
            n_sign_roots=sizes.get("event_roots_signs", 0),
            n_switches=sizes.get("switch_roots", 0) // 2,
            n_sign_switches=sizes.get("switch_roots_signs", 0),
            n_conditions=sizes.get("event_conditions", 0),
            n_event_values=sizes.get("event_values", 0),
            algebraic=int(bool(self.model.algebraic)),
        )

    @cached_property
    def _code(self) -> dict[tuple[int, bool, bool, bool], CompiledModel]:
        # Addresses are good for as long as the code they belong to is held.
        return {}

    @cached_property
    def pattern(self) -> JacobianPattern:
        """Which species have a rate, where the Jacobian's entries stand, where zero needs care, and what events do."""
        code = compile_model(self.model, 1)
        jacobian, singular = code.patterns["jacobian"], code.patterns["singular"].rows
        rows, columns, zeros = (places.astype(np.int64) for places in (jacobian.rows, jacobian.columns, singular))
        return JacobianPattern(code.mass, rows, columns, zeros, *_event_tables(self.model))

    @cached_property
    def _idle(self) -> dict[tuple[int, ...], list[_Workspace]]:
        return {}

    @cached_property
    def single_runs(self) -> dict[tuple[str, bool], list[Any]]:
        """Storage for runs of one member that nobody uses at present, by solver and whether the loop does events."""
        return {}

    def run(self, kernels: KernelAddresses, solver: str, task: IntegrationTask, report: IntegrationReport) -> None:
        """Run a task; may be called from several threads at once."""
        if task.first == task.last:
            return  # the loop would read the first of no members
        PreparedTask(self, kernels, solver, task, report)()

    @cached_property
    def _varying_starts(self) -> list[int]:
        formulas = self.model.closed_initial
        return [i for i, name in enumerate(self.model.species) if not is_number(formulas[name])]

    @cached_property
    def _fixed_starts(self) -> np.ndarray:
        formulas = [self.model.closed_initial[name] for name in self.model.species]
        return np.array([float(f.value) if is_number(f) else 0.0 for f in formulas])  # type: ignore[arg-type]

    def starts(self, parameters: np.ndarray) -> np.ndarray:
        """Initial values at these parameters, shape (n_species,); those of the last parameters are kept."""
        values = self._fixed_starts.copy()
        if self._varying_starts:
            key, last = parameters.tobytes(), self._last_starts
            if last[0] != key or not last[1]:
                names = dict(zip(self.model.parameters, map(float, parameters), strict=True))
                names[TIME] = self.model.start_time
                last = self._last_starts = (key, self._start_evaluator(names))
            values[self._varying_starts] = last[1]
        return values

    @cached_property
    def _start_evaluator(self) -> Evaluator:
        return Evaluator(self._start_formulas)

    @cached_property
    def _start_formulas(self) -> list[Expression]:
        return [self.model.closed_initial[self.model.species[i]] for i in self._varying_starts]

    def many_starts(self, parameters: np.ndarray) -> np.ndarray:
        """Initial values at each row of parameters, shape (1 or n_members, n_species)."""
        if not self._varying_starts:
            return self._fixed_starts[None]
        names: dict[str, Any] = {name: parameters[:, i] for i, name in enumerate(self.model.parameters)}
        names[TIME] = self.model.start_time
        values = np.repeat(self._fixed_starts[None], len(parameters), axis=0)
        for place, column in zip(self._varying_starts, evaluate_arrays(self._start_formulas, names), strict=True):
            values[:, place] = column
        return values

    def start_slopes(self, parameters: np.ndarray, names: tuple[str, ...], given: bool = False) -> np.ndarray:
        """Derivative of the initial values by parameters (0 if the start is `given`) and by the initial values of
        species, shape (n_species, n_names)."""
        slopes = np.zeros((len(self.model.species), len(names)))
        for column, name in enumerate(names):
            if name in self.model.species:
                slopes[self.model.species.index(name), column] = 1.0
        if not given and self._varying_starts:
            values = dict(zip(self.model.parameters, map(float, parameters), strict=True))
            values[TIME] = self.model.start_time
            for column, name in enumerate(names):
                if name not in self.model.species:
                    places, formulas = self.once(_start_slopes, name)
                    if places:
                        slopes[places, column] = evaluate_all(formulas, values)
        return slopes

    @cached_property
    def _unit_groups(self) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Species sorted by unit; where each unit begins among them, and the unit of each species."""
        units = [self.model.units.get(name, "") for name in self.model.species]
        order = {unit: place for place, unit in enumerate(dict.fromkeys(units))}
        group = np.array([order[unit] for unit in units], dtype=np.int64)
        groups = np.argsort(group, kind="stable")
        return groups, (np.searchsorted(group[groups], np.arange(len(order))), group)

    @cached_property
    def _declared_scales(self) -> np.ndarray:
        return np.array([abs(self.model.scales.get(name, 0.0)) for name in self.model.species], dtype=float)

    @cached_property
    def _declared(self) -> np.ndarray:
        return self._declared_scales > 0.0

    @property
    def species_units(self) -> tuple[np.ndarray, np.ndarray]:
        """Which of the units each species has, as a number, and its declared scale (0: none), shape (n_species,)."""
        return self._unit_groups[1][1], self._declared_scales

    def usual_tolerances(self, starts: np.ndarray, doses: np.ndarray | None, share: float) -> np.ndarray:
        """The default absolute tolerances, this share of the scales, shape of `starts` or of `doses`; those of the last
        single start are kept."""
        if len(starts) > 1:
            return share * np.ascontiguousarray(self.scales(starts, doses))
        key = (starts.tobytes(), None if doses is None else doses.tobytes(), share)
        last = self._last_tolerances
        if last is None or last[0] != key:
            last = self._last_tolerances = (key, share * np.ascontiguousarray(self.scales(starts, doses)))
        return last[1]

    def scales(self, starts: np.ndarray, doses: np.ndarray | None = None) -> np.ndarray:
        """Each species' own scale, shape of `starts` (..., n_species).

        The declared scale, else the size of the initial value, else `FAINT` times the largest initial value or dose
        among the species of the same unit (of any unit, if those are all zero; 1 if everything starts at zero).
        Wide, because amounts of very different size may share a unit, or have none declared.
        """
        own = np.abs(starts)
        known = own if doses is None else np.maximum(own, doses)
        groups, whose = self._unit_groups
        largest = np.maximum.reduceat(known[..., groups], whose[0], axis=-1)
        if not largest.all():
            overall = known.max(axis=-1, keepdims=True)
            largest = np.where(largest > 0.0, largest, np.where(overall > 0.0, overall, 1.0))
        largest = largest[..., whose[1]]
        own = np.where(own > 0.0, np.maximum(own, TRACE * largest), FAINT * largest)
        return np.where(self._declared, self._declared_scales, own)

    @cached_property
    def time_switches(self) -> TimeSwitches:
        """When the rates jump or bend, and triggers change, with time alone."""
        return TimeSwitches(self.model)


def _event_tables(model: Model) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`events`, `event_targets` and `event_reads` of `JacobianPattern`."""
    events, triggers = model.events, model.closed(event.trigger for event in model.events)
    targets = [model.species_index(name) for event in events for name in event.assignments]
    rows, first = list[tuple[int, ...]](), 0
    for event in events:
        rows.append((first, event.persistent, event.values_from_trigger_time, event.priority is not None))
        first += len(event.assignments)
    reads = [[name in read for name in model.species] for read in map(symbols, triggers)]
    table = np.array([*rows, (first, 0, 0, 0)], dtype=np.int64)
    return (
        table,
        np.array(targets, dtype=np.int64),
        np.array(reads, dtype=np.int64).reshape(len(events), len(model.species)),
    )


def _start_slopes(model: Model, name: str) -> tuple[list[int], list[Expression]]:
    """Which initial values depend on a parameter, and how."""
    formulas = enumerate(model.closed_initial[species] for species in model.species)
    users = [(i, differentiate(formula, name)) for i, formula in formulas if name in symbols(formula)]
    return [i for i, _ in users], [slope for _, slope in users]


class PreparedTask:
    """A task made ready, to be run again whenever its arrays have new contents (and the counts of its report are 0).

    Attributes
    ----------
    task : IntegrationTask
    report : IntegrationReport
    words : tuple of array
        The tables of both, as the loop reads them.
    """

    def __init__(
        self,
        prepared: PreparedModel,
        kernels: KernelAddresses,
        solver: str,
        task: IntegrationTask,
        report: IntegrationReport,
    ) -> None:
        self.task, self.report = task, report
        self._loop, table = method_by_name(solver, kernels.conditions != 0 or kernels.switches != 0)
        watched = kernels.conditions, kernels.event_values, kernels.switches
        key = (kernels.factor, kernels.observables, *watched, table.stages, len(table.pair))
        idle = prepared._idle.get(key)
        self._idle = prepared._idle.setdefault(key, []) if idle is None else idle
        self._parts = kernels, prepared.pattern, table
        self.words = packed_struct(task), packed_struct(report)
        self._addresses = array_address(self.words[0]), array_address(self.words[1])

    def __call__(self) -> None:
        # Taking from and putting back on a list is atomic: each thread works with lanes of its own.
        idle = self._idle
        workspace = idle.pop() if idle else _workspace(*self._parts)
        self._loop(*workspace.first, *self._addresses, workspace.last)
        idle.append(workspace)


class _Workspace(NamedTuple):
    """What a loop works with and on, kept alive, and the addresses it is told."""

    held: tuple
    first: tuple[int, ...]
    last: int


def _workspace(kernels: KernelAddresses, pattern: JacobianPattern, table: RosenbrockMethod) -> _Workspace:
    tuples = (kernels, pattern, table, lane_storage(kernels, table))
    tables = tuple(packed_struct(values) for values in tuples)
    places = tuple(array_address(words) for words in tables)
    return _Workspace((tuples, tables), places[:3], places[3])


def prepare_model(model: Model) -> PreparedModel:
    """The model made ready; kept on the model itself.

    Raises
    ------
    InputError
        If it is no model.
    """
    if not isinstance(model, Model):
        raise InputError(f"model: expected a Model, got {type(model).__name__}; pathway.load('bt474') gives one")
    prepared = model.__dict__.get("_prepared")
    if prepared is None:
        prepared = model.__dict__["_prepared"] = PreparedModel(model)
    return prepared
