"""`compiled_loop`: numba's `njit` with a cache on disk that notices every edit it should notice.

numba keys a cached function by its own source file alone, but our loops inline functions of other files. So the
folder of the cache carries a hash of all sources that can end up in the machine code, and lies in the user's cache
directory, never beside the package.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import caching, codegen, compiler

from pathway.kernels import cache_directory, is_trusted_folder

from .sources import sources_digest


@cache
def cache_folder() -> Path:
    """Where numba keeps the compiled loops of these sources."""
    return cache_directory() / "loops" / f"{sources_digest()[:16]}-{numba.__version__}"


class _Locator(caching._CacheLocator):
    """Tells numba which folder and which stamp belong to a function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._name = f"{Path(function.__code__.co_filename).stem}-{function.__code__.co_firstlineno}"

    def get_cache_path(self) -> str:
        return str(cache_folder())

    def get_source_stamp(self) -> str:
        return cache_folder().name

    def get_disambiguator(self) -> str:
        return self._name

    @classmethod
    def from_function(cls, function: Callable[..., Any], path: str) -> _Locator | None:
        return cls(function) if is_trusted_folder(cache_folder()) else None


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012 - numba reads it as it stands


class _Cache(caching.FunctionCache):
    _impl_class = _Implementation

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a damaged file, whatever the damage: compile anew and overwrite it
            return None


# The loops allocate nothing: without reference counting they compile four times faster and pass arrays for free.
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "_nrt": False,
    "no_cfunc_wrapper": True,
}


def compiled_loop(function: Callable[..., Any]) -> Any:
    """Compile a top-level loop; its machine code is kept on disk and the interpreter lock is released."""
    dispatcher = numba.njit(**_OPTIONS)(function)
    try:
        dispatcher._cache = _Cache(function)
    except RuntimeError:
        pass  # no folder to write to: compile in every process
    return dispatcher


def object_code(function: Callable[..., Any], count: int) -> tuple[str, bytes]:
    """Symbol and machine code of a loop over `count` addresses; see `loops.CompiledLoop` for how it is called."""
    dispatcher = numba.njit(no_cpython_wrapper=True, **_OPTIONS)(function)
    signature = (numba.types.int64,) * count
    dispatcher.compile(signature)
    made = dispatcher.overloads[signature]
    _, _, (code, _) = made.library.serialize_using_object_code()
    return made.fndesc.llvm_func_name, code


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


def unoptimized(function: Callable[..., Any], count: int) -> tuple[str, str]:
    """Symbol and LLVM text of a loop over `count` addresses with all that it calls, for other machines than this."""
    dispatcher, signature = inlined_function(function), (numba.types.int64,) * count
    dispatcher.compile(signature)
    made = dispatcher.overloads[signature]
    return made.fndesc.llvm_func_name, str(made.library._final_module)
