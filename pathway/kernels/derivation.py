"""What each kernel has to compute, as operations of one shared `OperationList`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from pathway.equations import Jacobian, Model, jacobian, parameter_derivatives, sparse_gradients
from pathway.equations.model import TIME
from pathway.equations.switches import Switch, switches
from pathway.expressions import Expression, symbol, symbols
from pathway.expressions.calculus import directional_derivative, term_magnitudes
from pathway.expressions.graph import ONE, ZERO, is_condition, is_number, postorder
from pathway.expressions.singular import singular_at_zero

from .ordering import Elimination, SingularStructureError, elimination_order
from .program import Operation, OperationList

GROUPS = (
    "observables",
    "assignments",
    "rates",
    "initial_values",
    "event_roots",
    "event_conditions",
    "event_values",
    "event_delays",
    "event_priorities",
    "switch_roots",
)
"""Lists of formulas of a model that have kernels for their values and their gradients."""


@dataclass(frozen=True)
class SparseOperations:
    """Operations that give the entries of a sparse matrix, by row, then column."""

    rows: Sequence[int]
    columns: Sequence[int]
    values: Sequence[int]


class Derivation:
    """Derives on demand; everything that is asked for twice is derived once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.changes = [f"change of {name}" for name in model.species]
        leaves: dict[str, Operation] = {name: ("species", i) for i, name in enumerate(model.species)}
        leaves |= {name: ("parameter", i) for i, name in enumerate(model.parameters)}
        leaves |= {name: ("direction", i) for i, name in enumerate(self.changes)}
        leaves[TIME] = ("time",)
        self.program = OperationList(leaves)
        # How a formula is written down depends on what was before it. Parts compiled at different times share rows of
        # the parameter array, so what these rows hold must be settled first, and always in the same way.
        _ = self.slots

    # The differential equations.

    @cached_property
    def formulas(self) -> list[Expression]:
        return list(self.model.derivatives.values())

    @cached_property
    def right_hand_side(self) -> list[int]:
        return self.program.values(self.formulas)

    @cached_property
    def singular(self) -> list[int]:
        """Species at whose zero a rate, or its slope, is infinite or undefined."""
        suspects = singular_at_zero(self.formulas, self.model.species)
        # Whether a species is there at all may be what a condition asks: one that no rate moves stays at its zero.
        asked = symbols(*(node for node in postorder(self.formulas) if is_condition(node)))
        still = {name for name in suspects & asked if self.model.derivatives[name] is ZERO}
        return [i for i, name in enumerate(self.model.species) if name in suspects - still]

    @cached_property
    def jacobian_formulas(self) -> Jacobian:
        return jacobian(self.model)

    @cached_property
    def jacobian(self) -> SparseOperations:
        return self._sparse(self.jacobian_formulas)

    @cached_property
    def time_derivative(self) -> list[int]:
        return self.program.values(directional_derivative(self.formulas, {TIME: ONE}))

    @cached_property
    def autonomous(self) -> bool:
        return TIME not in symbols(*self.formulas)

    @cached_property
    def slots(self) -> dict[int, int]:
        """Rows of the parameter array that hold what depends on parameters alone, by operation."""
        needed = [*self.right_hand_side, *self.jacobian.values, *self.time_derivative]
        first = len(self.model.parameters)
        return {value: first + k for k, value in enumerate(self.program.invariants(needed))}

    @cached_property
    def shifted(self) -> frozenset[int]:
        """Rows of the species that have a derivative, not an algebraic residual."""
        return frozenset(i for i, name in enumerate(self.model.species) if name not in self.model.algebraic)

    @cached_property
    def elimination(self) -> Elimination:
        """How shift * M - J is factorised.

        Raises
        ------
        SingularStructureError
            If algebraic rules do not determine their species; the message names them.
        """
        pattern = [{i} if i in self.shifted else set() for i in range(len(self.model.species))]
        for row, column in zip(self.jacobian.rows, self.jacobian.columns, strict=True):
            pattern[row].add(column)
        try:
            return elimination_order(pattern)
        except SingularStructureError as error:
            names = ", ".join(repr(self.model.species[row]) for row in error.rows)
            message = f"{self.model.name}: the algebraic rules do not determine {names}"
            raise SingularStructureError(error.rows, message) from None

    # Derivatives for sensitivities.

    @cached_property
    def parameter_formulas(self) -> Jacobian:
        return parameter_derivatives(self.model)

    @cached_property
    def parameter_jacobian(self) -> SparseOperations:
        return self._sparse(self.parameter_formulas)

    @cached_property
    def second_derivatives(self) -> tuple[SparseOperations, SparseOperations]:
        """Derivatives of J u by species and by parameters, u being the `direction`.

        Derivatives commute: d(J u)_i / dy_k is the change of J_ik along u.
        """
        along = {name: symbol(change) for name, change in zip(self.model.species, self.changes, strict=True)}
        return self._moved(self.jacobian_formulas, along), self._moved(self.parameter_formulas, along)

    @cached_property
    def time_gradients(self) -> tuple[SparseOperations, SparseOperations]:
        """Derivatives of the derivative by time, by species and by parameters."""
        return self._moved(self.jacobian_formulas, {TIME: ONE}), self._moved(self.parameter_formulas, {TIME: ONE})

    def _moved(self, matrix: Jacobian, along: dict[str, Expression]) -> SparseOperations:
        changes = directional_derivative(list(matrix.entries), along)
        kept = [k for k, change in enumerate(changes) if not is_number(change, 0.0)]
        return SparseOperations(
            [matrix.rows[k] for k in kept],
            [matrix.columns[k] for k in kept],
            self.program.values([changes[k] for k in kept]),
        )

    def _sparse(self, matrix: Jacobian) -> SparseOperations:
        return SparseOperations(matrix.rows, matrix.columns, self.program.values(matrix.entries))

    # Groups of formulas.

    def group(self, name: str) -> list[Expression]:
        """Formulas of one of `GROUPS`, closed in species, parameters and time."""
        return {
            "observables": lambda: self.model.closed(self.model.observables.values()),
            "assignments": lambda: list(self.model.closed_assignments.values()),
            "rates": lambda: self.model.closed(self.model.rates.values()),
            "initial_values": lambda: [self.model.closed_initial[name] for name in self.model.species],
            "event_roots": lambda: [s.function for s in self.state_switches("in_triggers")],
            "event_conditions": lambda: self.triggers,
            "event_values": lambda: self.model.closed(f for e in self.model.events for f in e.assignments.values()),
            "event_delays": lambda: self._of_events(event.delay for event in self.model.events),
            "event_priorities": lambda: self._of_events(event.priority for event in self.model.events),
            "switch_roots": lambda: self._with_sizes([s.function for s in self.state_switches("in_rates")]),
        }[name]()

    def _of_events(self, formulas: Iterable[Expression | None]) -> list[Expression]:
        return self.model.closed(ZERO if formula is None else formula for formula in formulas)

    def state_switches(self, place: str) -> list[Switch]:
        """Those that depend on the state and stand in triggers or rates; those whose sign counts come first."""
        chosen = [s for s in switches(self.model) if getattr(s, place) and not s.time_only]
        return sorted(chosen, key=lambda s: s.integer)

    def _with_sizes(self, functions: list[Expression]) -> list[Expression]:
        return [*functions, *term_magnitudes(functions)]

    @cached_property
    def triggers(self) -> list[Expression]:
        return self.model.closed(event.trigger for event in self.model.events)

    def gradients(self, name: str) -> tuple[SparseOperations, SparseOperations, list[int]]:
        """Derivatives of a group by species, by parameters, and by time."""
        formulas = self.group(name)
        by_time = self.program.values(directional_derivative(formulas, {TIME: ONE}))
        by_species, by_parameters = (
            self._sparse(sparse_gradients(formulas, names)) for names in (self.model.species, self.model.parameters)
        )
        return by_species, by_parameters, by_time
