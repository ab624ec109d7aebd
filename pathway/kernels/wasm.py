"""Kernels and loops as WebAssembly, for browsers.

    compiled = compile_wasm(model, 2, (*SOLVER, "observables", "initial_values"))
    compiled.module                    # bytes; exports one function for each part

An LLVM object for wasm32 is nearly a module: where no function is undefined, it lacks nothing but its exports, and the
numbers that a linker would fill in stand there already. So there is no linker: `module_of` drops what only a linker
reads and adds the exports. What is made imports a memory, a table of functions and the stack pointer, all of which its
host gives; several modules may share them, as long as one of them at most has data (which lie at address 0).

Pointers have 32 bits there, but LLVM cuts those that come from 64-bit words to length, so the tables of `structs` are
the same as here; in place of a kernel's address stands its slot in the table of functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pathway.equations import Model

from . import elementary, machine
from .assembly import LaneTypes, llvm_declarations
from .compiled import SOLVER, SparsityPattern, pattern_of
from .derivation import Derivation
from .functions import KernelText, kernel_text, module_text
from .loop_code import RUN, optimized_loop
from .lowering import LIBRARY

WASM_PARTS = (*SOLVER, "observables", "initial_values")
"""What a run in a browser needs."""

_CUSTOM, _IMPORT, _EXPORT, _DATA = 0, 2, 7, 11
_SYMBOLS = 8  # subsection of `linking`
_FUNCTION, _UNDEFINED, _NAMED = 0, 0x10, 0x40
_LINKERS_OWN = re.compile(rb"linking|reloc\..*|target_features|producers|name|\.debug.*")


class WasmError(ValueError):
    """Something that cannot be made a module."""


@dataclass(frozen=True, eq=False)
class WasmKernels:
    """Kernels of a model as a module of WebAssembly.

    Attributes
    ----------
    module : bytes
        Exports a function for each of `parts`.
    width : int
        Lanes of every array.
    parts : tuple of str
    sizes, patterns, mass
        As in `CompiledModel`.
    """

    module: bytes
    width: int
    parts: tuple[str, ...]
    sizes: Mapping[str, int]
    patterns: Mapping[str, SparsityPattern]
    mass: np.ndarray


def compile_wasm(model: Model, width: int = 2, parts: Iterable[str] = WASM_PARTS) -> WasmKernels:
    """The parts asked for, and `prepare`, as one module.

    Parameters
    ----------
    model : Model
    width : int
        Lanes; a vector of WebAssembly holds two doubles.
    parts : iterable of str
        Of `PARTS`.

    Raises
    ------
    WasmError
        If a rate uses a function of the C library, which browsers do not have.
    """
    names = tuple(dict.fromkeys(["prepare", *parts]))
    written = written_parts(model, width, names)
    code = machine.object_code(text_of(written.values(), width), machine.wasm_machine())
    facts = [part.facts for part in written.values()]
    return WasmKernels(
        module=module_of(code, names),
        width=width,
        parts=names,
        sizes={name: size for f in facts for name, size in f["sizes"].items()},
        patterns={name: pattern_of(*pair) for f in facts for name, pair in f["patterns"].items()},
        mass=np.array([0.0 if name in model.algebraic else 1.0 for name in model.species]),
    )


def written_parts(model: Model, width: int, names: Sequence[str]) -> dict[str, KernelText]:
    """The text of kernels, before anything is made of it."""
    derivation, lanes = Derivation(model), LaneTypes(width)
    return {name: kernel_text(name, derivation, lanes) for name in names}


def text_of(parts: Iterable[KernelText], width: int) -> str:
    """One LLVM module of several parts.

    Raises
    ------
    WasmError
        If one calls the C library.
    """
    lanes, parts = LaneTypes(width), list(parts)
    called = set().union(*(part.called for part in parts))
    if foreign := sorted(called & set(LIBRARY)):
        raise WasmError(f"the rates use {', '.join(foreign)}, which WebAssembly does not have")
    return module_text(lanes, called, (part.text for part in parts))


def loop_module(text: str, symbol: str) -> bytes:
    """A step loop as a module that exports `run`.

    Parameters
    ----------
    text : str
        Of the loop and all that it calls, as numba leaves it, not yet optimized.
    symbol : str
        Its function in there.
    """
    # Square roots are an instruction; powers are our own, since there is no C library.
    lanes = LaneTypes(1)
    power = elementary.power(lanes).replace("define internal double @pathway_pow", "define double @pow")
    maker = machine.wasm_machine(3)
    text = text.replace("@sqrt(", "@llvm.sqrt.f64(")
    whole = optimized_loop(text, symbol, maker, "\n".join([*llvm_declarations(lanes), power]))
    return module_of(maker.emit_object(whole), [RUN])


# From an object to a module: https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md


def module_of(code: bytes, names: Sequence[str]) -> bytes:
    """An LLVM object for wasm32 as a module that exports some of its functions.

    Raises
    ------
    WasmError
        If the object calls functions that it does not have, or lacks one of the names.
    """
    sections = list(_sections(code))
    undefined = [name for kind, content in sections if kind == _IMPORT for name in _imported_functions(content)]
    if undefined:
        raise WasmError(f"functions that WebAssembly does not have: {', '.join(undefined)}")
    functions = {name: place for kind, content in sections if kind == _CUSTOM for name, place in _functions(content)}
    if missing := [name for name in names if name not in functions]:
        raise WasmError(f"no function '{missing[0]}' in the object")
    exports = _number(len(names)) + b"".join(_text(name) + b"\0" + _number(functions[name]) for name in names)
    kept = [(kind, content) for kind, content in sections if kind != _CUSTOM or not _is_linkers(content)]
    before = [section for section in kept if 0 < section[0] < _EXPORT]
    after = [section for section in kept if not 0 < section[0] < _EXPORT]
    return code[:8] + b"".join(
        bytes([kind]) + _number(len(content)) + content for kind, content in (*before, (_EXPORT, exports), *after)
    )


def has_data(module: bytes) -> bool:
    """Whether a module fills memory (from address 0 on)."""
    return any(kind == _DATA for kind, _ in _sections(module))


def _sections(code: bytes) -> Iterator[tuple[int, bytes]]:
    place = 8
    while place < len(code):
        size, start = _read(code, place + 1)
        yield code[place], code[start : start + size]
        place = start + size


def _is_linkers(custom: bytes) -> bool:
    size, start = _read(custom, 0)
    return _LINKERS_OWN.fullmatch(custom[start : start + size]) is not None


def _imported_functions(content: bytes) -> Iterator[str]:
    count, place = _read(content, 0)
    for _ in range(count):
        size, place = _read(content, place)
        size, place = _read(content, place + size)
        name = content[place : place + size].decode()
        kind, place = content[place + size], place + size + 1
        if kind == 0:  # a function
            yield name
            _, place = _read(content, place)
        elif kind == 3:  # a global: its type, and whether it changes
            place += 2
        else:  # a table (its type first) or a memory: limits
            place += kind == 1
            bounded, place = content[place], place + 1
            for _ in range(1 + (bounded & 1)):
                _, place = _read(content, place)


def _functions(custom: bytes) -> Iterator[tuple[str, int]]:
    """Names and numbers of the functions that an object defines, from its table of symbols."""
    size, place = _read(custom, 0)
    if custom[place : place + size] != b"linking":
        return
    _, place = _read(custom, place + size)  # version
    while place < len(custom):
        kind = custom[place]
        size, place = _read(custom, place + 1)
        if kind == _SYMBOLS:
            yield from _symbols(custom[place : place + size])
        place += size


def _symbols(content: bytes) -> Iterator[tuple[str, int]]:
    count, place = _read(content, 0)
    for _ in range(count):
        kind = content[place]
        flags, place = _read(content, place + 1)
        if kind == 1:  # data: a name, and where it is
            size, place = _read(content, place)
            place += size
            for _ in range(0 if flags & _UNDEFINED else 3):
                _, place = _read(content, place)
            continue
        number, place = _read(content, place)
        if kind == 3 or (flags & _UNDEFINED and not flags & _NAMED):  # a section, or the name of its import
            continue
        size, place = _read(content, place)
        if kind == _FUNCTION and not flags & _UNDEFINED:
            yield content[place : place + size].decode(), number
        place += size


def _read(code: bytes, place: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = shift = 0
    while True:
        byte, place = code[place], place + 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, place


def _number(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _text(name: str) -> bytes:
    return _number(len(name.encode())) + name.encode()
