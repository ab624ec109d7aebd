"""`compile_model`: from a model to callable machine code."""

from __future__ import annotations

import ctypes
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from pathway.equations import Model

from . import machine, storage
from .assembly import LaneTypes
from .derivation import Derivation
from .digests import dynamics_digest, events_digest, formulas_digest, sources_digest
from .functions import PARTS, kernel_text

SOLVER = (
    *("right_hand_side", "jacobian", "time_derivative", "factor", "solve"),
    *("add_scaled", "interpolate", "error_norm"),
)
"""What a stiff solver without sensitivities needs."""


@dataclass(frozen=True, eq=False)
class SparsityPattern:
    """Where the entries of a sparse array stand, int32, sorted by row, then column."""

    rows: np.ndarray
    columns: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """Machine code of some kernels of a model for one lane width.

    Attributes
    ----------
    name : str
    width : int
        Lanes of every array.
    n_species, n_parameters : int
    addresses : mapping of str to int
        Where each compiled part begins; see `pathway.kernels` for what it expects.
    sizes : mapping of str to int
        Rows of arrays that are not a count of species or parameters: `lu`, and the name of each compiled group.
    patterns : mapping of str to SparsityPattern
        `jacobian`, `parameter_jacobian`, `second_species`, `second_parameters`, `time_species`, `time_parameters`,
        `event_values` (event, species), and `GROUP_species`, `GROUP_parameters`; `singular` (twice the same): species
        at whose zero a rate, or its slope, is infinite or undefined.
    mass : array, shape (n_species,)
        1, or 0 in the row of an algebraic species.
    """

    name: str
    width: int
    n_species: int
    n_parameters: int
    addresses: Mapping[str, int]
    sizes: Mapping[str, int]
    patterns: Mapping[str, SparsityPattern]
    mass: np.ndarray
    _code: machine.LoadedCode = field(repr=False)

    @property
    def parameter_slots(self) -> int:
        """Rows of the array of parameters: the model's own, then those that `prepare` fills."""
        return self.sizes["parameter_slots"]

    @property
    def autonomous(self) -> bool:
        """Whether the right-hand side is free of time."""
        return bool(self.sizes["autonomous"])

    @cached_property
    def table(self) -> np.ndarray:
        """Addresses in the order of `PARTS`, int64, 0 where a part is not compiled."""
        return np.array([self.addresses.get(name, 0) for name in PARTS], dtype=np.int64)

    def address(self, part: str) -> int:
        """Where a part begins.

        Raises
        ------
        KeyError
            If it was not asked for.
        """
        if part not in self.addresses:
            raise KeyError(f"'{part}' of '{self.name}' was not compiled; compiled: {', '.join(self.addresses)}")
        return self.addresses[part]

    def call(self, part: str, *arrays: np.ndarray) -> None:
        """Call a part from Python; for tests and edges, a step loop uses `pathway.kernels.calls`.

        Raises
        ------
        TypeError
            If an array is not a contiguous array of doubles.
        """
        for position, array in enumerate(arrays):
            if array.dtype != np.float64 or not array.flags.c_contiguous:
                raise TypeError(f"array {position} given to '{part}' is not a contiguous array of doubles")
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(arrays))
        kind(self.address(part))(*(array.ctypes.data for array in arrays))

    def parameters(self, values: np.ndarray) -> np.ndarray:
        """The array of parameters that kernels read, shape (parameter_slots, width).

        Parameters
        ----------
        values : array, shape (n_parameters,) or (n_parameters, width)
            The same in every lane, or one column per lane.
        """
        slots = np.zeros((self.parameter_slots, self.width))
        given = np.asarray(values, dtype=float)
        slots[: self.n_parameters] = given if given.ndim == 2 else given[:, None]
        self._prepare(slots.ctypes.data)
        return slots

    @cached_property
    def _prepare(self) -> Any:
        return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.address("prepare"))


def compile_model(model: Model, width: int | None = None, parts: Iterable[str] = SOLVER) -> CompiledModel:
    """Machine code of the parts asked for; taken from the cache on disk where it is there.

    Parameters
    ----------
    model : Model
    width : int, optional
        Lanes: a power of two. None: the machine's vector width.
    parts : iterable of str
        Names from `PARTS`; `prepare` is always added.

    Returns
    -------
    CompiledModel

    Raises
    ------
    ValueError
        For an unknown part or a width that is no power of two.
    SingularStructureError
        If algebraic rules do not determine their species.
    """
    width = machine.machine_width() if width is None else width
    if width < 1 or width & (width - 1):
        raise ValueError(f"width {width} is not a power of two")
    wanted = tuple(dict.fromkeys(["prepare", *parts]))
    for part in wanted:
        if part not in PARTS:
            near = get_close_matches(part, PARTS, n=1)
            raise ValueError(f"no kernel is called '{part}'." + (f" Did you mean '{near[0]}'?" if near else ""))
    keys = _keys(model, width, wanted)
    with _lock:
        compiled = _recent.get(keys)
        if compiled is None:
            compiled = _recent[keys] = _assemble(model, width, dict(zip(wanted, keys, strict=True)))
        _recent.move_to_end(keys)
        while len(_recent) > _KEPT:
            _recent.popitem(last=False)
    return compiled


_dynamics: WeakKeyDictionary[Model, str] = WeakKeyDictionary()
_recent: OrderedDict[tuple[str, ...], CompiledModel] = OrderedDict()
_lock = Lock()
_KEPT = 64


def _keys(model: Model, width: int, parts: Sequence[str]) -> tuple[str, ...]:
    """A name for each part's content."""
    dynamics = _dynamics.get(model)
    if dynamics is None:
        dynamics = _dynamics[model] = dynamics_digest(model)
    common = {
        "sources": sources_digest(),
        "machine": machine.machine_identity(),
        "width": str(width),
        "dynamics": dynamics,
    }
    keys = []
    for part in parts:
        group = part.removesuffix("_gradients")
        extra = ""
        if group == "observables":
            extra = formulas_digest(model.observables.items())
        elif group == "initial_values":
            extra = formulas_digest(model.initial.items())
        elif group.startswith("event_"):
            extra = events_digest(model)
        keys.append(machine.digest_of_parts({**common, "part": part, "extra": extra}))
    return tuple(keys)


def _assemble(model: Model, width: int, keys: Mapping[str, str]) -> CompiledModel:
    """Read or make each part, and put the code into memory."""
    facts: list[dict[str, Any]] = []
    objects: list[bytes] = []
    derivation: Derivation | None = None
    lanes = LaneTypes(width)
    for part, key in keys.items():
        entry = storage.read_cached(key)
        if entry is None:
            derivation = derivation or Derivation(model)
            written = kernel_text(part, derivation, lanes)
            entry = written.facts, machine.object_code(written.module(lanes))
            storage.write_cached(key, *entry)
        facts.append(entry[0])
        objects.append(entry[1])
    code = machine.LoadedCode(objects, keys)
    return CompiledModel(
        name=model.name,
        width=width,
        n_species=len(model.species),
        n_parameters=len(model.parameters),
        addresses={part: code.address(part) for part in keys},
        sizes={name: size for f in facts for name, size in f["sizes"].items()},
        patterns={name: pattern_of(*pair) for f in facts for name, pair in f["patterns"].items()},
        mass=np.array([0.0 if name in model.algebraic else 1.0 for name in model.species]),
        _code=code,
    )


def pattern_of(rows: Sequence[int], columns: Sequence[int]) -> SparsityPattern:
    return SparsityPattern(np.array(rows, dtype=np.int32), np.array(columns, dtype=np.int32))
