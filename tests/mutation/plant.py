"""Puts a fault into functions that run already, or, as a plugin of pytest, into a module before it is imported."""

from __future__ import annotations

import ast
import gc
import importlib.abc
import importlib.machinery
import json
import os
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path

from .mutants import Mutant, mutants_of, mutated

VARIABLE = "PATHWAY_MUTANT"
"""Names a file with what `store` has written."""

NOT_PLANTED = 77
"""Exit code if the fault is not found."""


def functions_by_file() -> dict[str, list[types.FunctionType]]:
    """All functions of this process."""
    found: dict[str, list[types.FunctionType]] = {}
    for function in gc.get_objects():
        if type(function) is types.FunctionType:
            found.setdefault(function.__code__.co_filename, []).append(function)
    return found


def into_functions(functions: Iterable[types.FunctionType], path: str, source: str, mutant: Mutant) -> int:
    """Exchange the code of every function of a file that the fault changes; returns how many there were."""
    old = list(_codes(compile(source, path, "exec")))
    new = list(_codes(compile(mutated(source, mutant), path, "exec")))
    if len(old) != len(new):  # a removed statement held a function
        new_named = {_key(code): code for code in new}
        pairs = [(code, new_named[_key(code)]) for code in old if _key(code) in new_named]
    else:
        pairs = list(zip(old, new, strict=True))
    changed = {_key(before): (before, after) for before, after in pairs if before != after}
    n = 0
    for function in functions:
        for before, after in changed.values():
            if function.__code__ == before and before.co_freevars == after.co_freevars:
                function.__code__ = after
                n += 1
    return n


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _key(code: types.CodeType) -> tuple[str, int, int]:
    first = next(((line, column) for line, _, column, _ in code.co_positions() if column), (0, 0))
    return code.co_qualname, code.co_firstlineno, first[1] or 0


def store(place: Path, root: Path, mutant: Mutant) -> None:
    """For another process, which plants the fault when it imports the module."""
    place.write_text(json.dumps({"path": str(root / mutant.file), "name": mutant.name, "file": mutant.file}))


class _Planter(importlib.abc.MetaPathFinder):
    def __init__(self, path: str, tree: ast.Module) -> None:
        self._path, self._tree = path, tree

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        spec = importlib.machinery.PathFinder.find_spec(name, path)  # type: ignore[arg-type]
        if spec is None or spec.origin != self._path:
            return None
        code = compile(self._tree, self._path, "exec")
        spec.loader = type("Planted", (importlib.machinery.SourceFileLoader,), {"get_code": lambda *_: code})(
            name, self._path
        )
        return spec


if VARIABLE in os.environ:
    _asked = json.loads(Path(os.environ[VARIABLE]).read_text())
    _source = Path(_asked["path"]).read_text(encoding="utf-8")
    _mutant = next((m for m in mutants_of(_asked["file"], _source) if m.name == _asked["name"]), None)
    if _mutant is None:
        os._exit(NOT_PLANTED)
    sys.meta_path.insert(0, _Planter(_asked["path"], mutated(_source, _mutant)))
