"""From the readable Python of a loop to machine code, through numba; nothing else in this room needs numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.core import codegen, compiler

from pathway.kernels import loop_object

# The loops allocate nothing: without reference counting they compile four times faster and pass arrays for free.
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "_nrt": False,
    "no_cfunc_wrapper": True,
}


def object_code(function: Callable[..., Any]) -> bytes:
    """Machine code of a loop that takes addresses; see `loops.CompiledLoop` for how it is called."""
    symbol, text = unoptimized(function)
    return loop_object(text, symbol)


def unoptimized(function: Callable[..., Any]) -> tuple[str, str]:
    """Symbol and LLVM text of a loop with all that it calls, for this machine or another."""
    dispatcher, signature = inlined_function(function), (numba.types.int64,) * function.__code__.co_argcount
    dispatcher.compile(signature)
    compiled = dispatcher.overloads[signature]
    return compiled.fndesc.llvm_func_name, str(compiled.library._final_module)


class _PieceLibrary(codegen.JITCodeLibrary):
    """Code of a piece, left as it is: only the loop that it becomes part of is optimized and turned into machine code.

    numba would do both for every piece, and again for whatever contains it.
    """

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0  # there is none: pieces are called from compiled code alone

    @property
    def codegen(self) -> Any:
        return _NoEnvironment()


class _NoEnvironment:
    """Stands where numba registers the Python objects that a function refers to; pieces have none."""

    def set_env(self, name: str, environment: Any) -> None:
        pass


class _PieceCompiler(compiler.Compiler):
    def __init__(
        self, typingctx: Any, targetctx: Any, library: Any, args: Any, return_type: Any, flags: Any, locals: Any
    ) -> None:
        library = _PieceLibrary(targetctx.codegen(), "piece") if library is None else library
        super().__init__(typingctx, targetctx, library, args, return_type, flags, locals)


def inlined_function(function: Callable[..., Any]) -> Any:
    """Compile a piece that top-level loops call; it is kept as part of them."""
    return numba.njit(no_cpython_wrapper=True, pipeline_class=_PieceCompiler, **_OPTIONS)(function)
