"""What tells compiled loops of different sources apart."""

import hashlib
from functools import cache
from pathlib import Path

_SOURCES = Path(__file__).parent
_KERNELS = Path(__file__).parents[2] / "kernels"
_BRIDGES = [_KERNELS / f"{name}.py" for name in ("calls", "loop_code", "structs", "structs_numba", "vectors")]


@cache
def sources_digest() -> str:
    """A hash of all sources that can end up in the code of a loop, since loops inline functions of other files."""
    digest = hashlib.sha256()
    for path in (*sorted(_SOURCES.glob("*.py")), *_BRIDGES):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
