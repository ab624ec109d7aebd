"""The kernels by name: their arrays, and how each is written for one lane width."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any

from . import elementary, linear, looped, steps
from .assembly import LaneTypes, llvm_declarations
from .derivation import GROUPS, Derivation, SparseOperations
from .layout import FactorLayout
from .lowering import LIBRARY, LoweredFunction, lower_to_llvm

MOST_WRITTEN_OUT = 4000
"""Multiply-adds of an LU factorisation that is written out entry by entry; larger ones run in loops."""

STATE = ("time", "species", "parameters")


@dataclass
class KernelText:
    """LLVM text of one part, and what is worth remembering about it.

    Attributes
    ----------
    text : str
    called : set of str
        Functions of `elementary` and of the C library that it calls.
    sizes : dict of str to int
    patterns : dict of str to (rows, columns)
    """

    text: str
    called: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)
    patterns: Mapping[str, tuple[Sequence[int], Sequence[int]]] = field(default_factory=dict)

    def module(self, lanes: LaneTypes) -> str:
        """The complete LLVM module."""
        return module_text(lanes, self.called, [self.text])

    @property
    def facts(self) -> dict[str, Any]:
        return {"sizes": self.sizes, "patterns": {n: [list(r), list(c)] for n, (r, c) in self.patterns.items()}}


def module_text(lanes: LaneTypes, called: Container[str], functions: Iterable[str]) -> str:
    """The complete LLVM module of some functions, with those of `elementary` and of the C library that they call."""
    foreign = [f"declare double @{name}(double)" for name in LIBRARY if name in called]
    definitions = [write(lanes) for name, write in elementary.FUNCTIONS.items() if name in called]
    return "\n".join([*llvm_declarations(lanes), *foreign, *definitions, *functions])


def kernel_text(name: str, derivation: Derivation, lanes: LaneTypes) -> KernelText:
    """Write one of `PARTS`."""
    return _WRITERS[name](derivation, lanes)


def _prepare(derivation: Derivation, lanes: LaneTypes) -> KernelText:
    """Everything that depends on parameters alone, into the rows of `parameters` behind the model's own."""
    own = len(derivation.model.parameters)
    rows = [None] * own + list(derivation.slots)
    text, called = lower_to_llvm(derivation.program, LoweredFunction("prepare", {"parameters": rows}), lanes, (), {})
    sizes = {"parameter_slots": own + len(derivation.slots), "autonomous": int(derivation.autonomous)}
    return KernelText(text, called, sizes)


def _lowered(
    name: str,
    derivation: Derivation,
    lanes: LaneTypes,
    outputs: Mapping[str, Sequence[int]],
    inputs: Sequence[str] = STATE,
    **facts: Any,
) -> KernelText:
    text, called = lower_to_llvm(derivation.program, LoweredFunction(name, outputs), lanes, inputs, derivation.slots)
    return KernelText(text, called, **facts)


def _right_hand_side(derivation: Derivation, lanes: LaneTypes) -> KernelText:
    singular = {"singular": (derivation.singular, derivation.singular)}
    return _lowered("right_hand_side", derivation, lanes, {"out": derivation.right_hand_side}, patterns=singular)


def _jacobian(derivation: Derivation, lanes: LaneTypes) -> KernelText:
    entries = derivation.jacobian
    return _lowered("jacobian", derivation, lanes, {"out": entries.values}, patterns={"jacobian": _pattern(entries)})


def _pattern(entries: SparseOperations) -> tuple[Sequence[int], Sequence[int]]:
    return entries.rows, entries.columns


def _time_derivative(derivation: Derivation, lanes: LaneTypes) -> KernelText:
    return _lowered("time_derivative", derivation, lanes, {"out": derivation.time_derivative})


def _parameter_jacobian(derivation: Derivation, lanes: LaneTypes) -> KernelText:
    entries = derivation.parameter_jacobian
    patterns = {"parameter_jacobian": _pattern(entries)}
    return _lowered("parameter_jacobian", derivation, lanes, {"out": entries.values}, patterns=patterns)


def _second_derivatives(derivation: Derivation, lanes: LaneTypes) -> KernelText:
    species, parameters = derivation.second_derivatives
    patterns = {"second_species": _pattern(species), "second_parameters": _pattern(parameters)}
    outputs = {"out_species": species.values, "out_parameters": parameters.values}
    return _lowered("second_derivatives", derivation, lanes, outputs, inputs=(*STATE, "direction"), patterns=patterns)


def _time_gradients(derivation: Derivation, lanes: LaneTypes) -> KernelText:
    species, parameters = derivation.time_gradients
    patterns = {"time_species": _pattern(species), "time_parameters": _pattern(parameters)}
    outputs = {"out_species": species.values, "out_parameters": parameters.values}
    return _lowered("time_gradients", derivation, lanes, outputs, patterns=patterns)


def _group(name: str, derivation: Derivation, lanes: LaneTypes) -> KernelText:
    values = derivation.program.values(derivation.group(name))
    patterns = {}
    if name == "event_values":
        model = derivation.model
        pairs = [(k, model.species_index(n)) for k, event in enumerate(model.events) for n in event.assignments]
        patterns = {name: ([p[0] for p in pairs], [p[1] for p in pairs])}
    sizes = {name: len(values)}
    places = {"event_roots": "in_triggers", "switch_roots": "in_rates"}
    if name in places:
        sizes[f"{name}_signs"] = sum(not s.integer for s in derivation.state_switches(places[name]))
    return _lowered(name, derivation, lanes, {"out": values}, sizes=sizes, patterns=patterns)


def _group_gradients(name: str, derivation: Derivation, lanes: LaneTypes) -> KernelText:
    species, parameters, by_time = derivation.gradients(name)
    patterns = {f"{name}_species": _pattern(species), f"{name}_parameters": _pattern(parameters)}
    outputs = {"out_species": species.values, "out_parameters": parameters.values, "out_time": by_time}
    return _lowered(f"{name}_gradients", derivation, lanes, outputs, sizes={name: len(by_time)}, patterns=patterns)


def _layout(derivation: Derivation) -> FactorLayout:
    entries = derivation.jacobian
    places = {pair: k for k, pair in enumerate(zip(entries.rows, entries.columns, strict=True))}
    return FactorLayout(derivation.elimination, places, derivation.shifted)


def _algebra(derivation: Derivation) -> ModuleType:
    """Code for every entry, or loops over entries."""
    return linear if derivation.elimination.operations <= MOST_WRITTEN_OUT else looped


def _factor(derivation: Derivation, lanes: LaneTypes) -> KernelText:
    elimination = derivation.elimination
    sizes = {"lu": elimination.entries, "lu_operations": elimination.operations}
    order = {"elimination": (elimination.row_order, elimination.column_order)}
    return KernelText(_algebra(derivation).factor(_layout(derivation), lanes), sizes=sizes, patterns=order)


def _solve(derivation: Derivation, lanes: LaneTypes, *, shared: bool) -> KernelText:
    text = _algebra(derivation).solve(_layout(derivation), lanes, shared=shared)
    return KernelText(text, sizes={"lu": derivation.elimination.entries})


def _solve_transposed(derivation: Derivation, lanes: LaneTypes) -> KernelText:
    text = _algebra(derivation).solve_transposed(_layout(derivation), lanes)
    return KernelText(text, sizes={"lu": derivation.elimination.entries})


def _multiply(name: str, derivation: Derivation, lanes: LaneTypes) -> KernelText:
    entries, shared, add = {
        "multiply": lambda: (derivation.jacobian, False, False),
        "multiply_shared": lambda: (derivation.jacobian, True, False),
        "add_second_shared": lambda: (derivation.second_derivatives[0], True, True),
    }[name]()
    size = len(derivation.model.species)
    return KernelText(
        _algebra(derivation).multiply(name, entries.rows, entries.columns, size, lanes, shared=shared, add=add)
    )


def _pull_parameters(derivation: Derivation, lanes: LaneTypes) -> KernelText:
    entries, size = derivation.parameter_jacobian, len(derivation.model.parameters)
    transposed = entries.columns, entries.rows, size
    return KernelText(_algebra(derivation).multiply("pull_parameters", *transposed, lanes, shared=False, add=True))


def _mass(derivation: Derivation) -> list[float]:
    return [float(row in derivation.shifted) for row in range(len(derivation.model.species))]


_WRITERS: dict[str, Callable[[Derivation, LaneTypes], KernelText]] = {
    "prepare": _prepare,
    "right_hand_side": _right_hand_side,
    "jacobian": _jacobian,
    "time_derivative": _time_derivative,
    "factor": _factor,
    "solve": partial(_solve, shared=False),
    "solve_shared": partial(_solve, shared=True),
    "solve_transposed": _solve_transposed,
    "multiply": partial(_multiply, "multiply"),
    "multiply_shared": partial(_multiply, "multiply_shared"),
    "add_second_shared": partial(_multiply, "add_second_shared"),
    "pull_parameters": _pull_parameters,
    "add_scaled": lambda derivation, lanes: KernelText(steps.add_scaled(_mass(derivation), lanes)),
    "interpolate": lambda derivation, lanes: KernelText(steps.interpolate(len(derivation.model.species), lanes)),
    "error_norm": lambda derivation, lanes: KernelText(steps.error_norm(len(derivation.model.species), lanes)),
    "parameter_jacobian": _parameter_jacobian,
    "second_derivatives": _second_derivatives,
    "time_gradients": _time_gradients,
    **{name: partial(_group, name) for name in GROUPS},
    **{f"{name}_gradients": partial(_group_gradients, name) for name in GROUPS},
}

PARTS = tuple(_WRITERS)
"""Names of all kernels."""
