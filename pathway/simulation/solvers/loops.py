"""`CompiledLoop`: a loop as machine code, which comes with the package or is found on disk, without numba.

Importing numba and reading its cache would take a third of a run that finds everything compiled. A loop may call
nothing but kernels and the C library: functions of numba's own would be missing in such a process.
"""

from __future__ import annotations

import ctypes
from importlib.metadata import version
from threading import Lock
from typing import Any

from pathway.kernels import RUN, LoadedCode, cached_code, load_code
from pathway.notebook import tell

from .shipped import shipped_object
from .sources import sources_digest

COMPILING = "compiling the solver once on this machine, about 10 s"


class CompiledLoop:
    """The function `run` of a module beside this one, which takes addresses; the interpreter lock is released.

    Parameters
    ----------
    module : str
    count : int
        Addresses it takes.
    """

    def __init__(self, module: str, count: int) -> None:
        self.module, self.count = module, count
        self._lock = Lock()
        self._function: Any = None

    def __call__(self, *addresses: int) -> None:
        function = self._function or self._load()
        if function(_NOWHERE, _NOWHERE, *addresses):
            raise RuntimeError(f"the loop '{self.module}' failed")

    def _load(self) -> Any:
        with self._lock:
            if self._function is None:
                code, where = self._machine_code()
                # numba's convention: where the result and what is raised go come first; loops have neither.
                kind = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_int64] * (2 + self.count))
                function: Any = kind(where)
                function.code = code  # which must live as long as whoever may call it
                self._function = function
        return self._function

    def _machine_code(self) -> tuple[LoadedCode, int]:
        shipped = shipped_object(self.module)
        if shipped is not None:
            return load_code(RUN, shipped)
        parts = {"loop": self.module, "sources": sources_digest(), "numba": version("numba")}
        return cached_code(parts, self._build)

    def _build(self) -> tuple[str, bytes]:
        from .build import build_object

        tell(COMPILING)
        return RUN, build_object(self.module)


_ROOM = ctypes.create_string_buffer(64)
_NOWHERE = ctypes.addressof(_ROOM)
