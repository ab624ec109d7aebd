"""What is kept compiled in the package, made anew from the loops as they now stand; needed after each change of them.

python -m pathway.simulation.solvers.build         # on Linux, on a processor with `kernels.BASELINE`

The same sources give the same bytes under the same versions of Python, numba and llvmlite; the index says which.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from importlib import import_module
from importlib.metadata import version

from pathway.kernels import BASELINE, has_baseline

from . import wasm_loop
from .shipped import FOLDER, INDEX, object_file
from .sources import sources_digest

LOOPS = ("adjoint", "batch_loop", "rosenbrock", "rosenbrock_switching", "rosenbrock_watching", "slopes")


def versions() -> dict[str, str]:
    """All that the bytes of an object depend on besides the sources."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, **{name: version(name) for name in ("llvmlite", "numba")}}


def build_object(module: str) -> bytes:
    """Object code of a loop, made from its source."""
    from .compilation import object_code

    return object_code(import_module(f"{__package__}.{module}").run)


def build() -> None:
    """Write objects, index and the loop for browsers into the package."""
    if sys.platform != "linux" or not has_baseline():
        raise SystemExit(f"objects are made under Linux, on a processor that has all of {BASELINE}")
    FOLDER.mkdir(exist_ok=True)
    objects = {module: build_object(module) for module in LOOPS}
    for module, code in objects.items():
        object_file(module).write_bytes(code)
    index = {
        "target": f"{BASELINE}, Linux",
        "sources": sources_digest(),
        "made_with": versions(),
        "objects": {module: hashlib.sha256(code).hexdigest() for module, code in objects.items()},
    }
    INDEX.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    wasm_loop.FILE.write_bytes(wasm_loop.build())


if __name__ == "__main__":
    build()
