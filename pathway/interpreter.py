"""Fresh interpreters that find modules where this process does, and know nothing of its main program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any


def start_interpreter(statement: str, **options: Any) -> subprocess.Popen[Any]:
    """Run a statement in an interpreter of its own, between two pipes; Ctrl-C is left to this process.

    Parameters
    ----------
    statement : str
        Python, on one line.
    **options
        Of `subprocess.Popen`.
    """
    # The package last: a folder that this process was started in, and has left, stands in the path as "".
    path = [place for place in (*sys.path, str(Path(__file__).parents[1])) if isinstance(place, str)]
    apart: dict[str, Any] = {"process_group": 0}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}; {statement}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        **apart,
        **options,
    )
