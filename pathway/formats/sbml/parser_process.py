"""The process in which libSBML and libAntimony read files from outside: one request a line, one answer a line.

Both libraries are written in C++; a malformed file can end the process they run in. `parser` starts this one, so that
such a file ends nothing else, and limits its memory.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from ..errors import FormatError, Unsupported


def main(memory: int) -> None:
    """Answer requests until the input ends, in so many bytes of memory."""
    limit_memory(memory)
    answers = _private_output()
    for line in sys.stdin:
        job = json.loads(line)
        limit_time(job["seconds"])
        answers.write(json.dumps(answer(job["request"])) + "\n")
        answers.flush()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What the file declares, or why it cannot be used."""
    from .wire import to_json

    try:
        return to_json(_declarations(**request))
    except FormatError as reason:
        return {"unsupported": isinstance(reason, Unsupported), "reason": str(reason)}
    except MemoryError:
        return {
            "unsupported": False,
            "reason": f"{request['name']}: reading this file takes more memory than is allowed",
        }
    except RecursionError:
        return {"unsupported": False, "reason": f"{request['name']}: formulas are nested too deeply"}
    except Exception:  # a fault of ours, told where the file was asked for
        return {"fault": traceback.format_exc()}


def _declarations(text: str, name: str, folder: str | None, language: str) -> Any:
    from .document import open_document
    from .reader import read_declarations

    if language == "antimony":
        from ..antimony import to_sbml

        text = to_sbml(text, name)
    return read_declarations(open_document(text, name, None if folder is None else Path(folder)), name)


def limit_memory(limit: int) -> None:
    """Allow this process so many bytes of address space, where the system knows such a limit, and no core file."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def limit_time(seconds: float) -> None:
    """Allow this process so many seconds of the processor from now on, where the system knows such a limit.

    It counts whole seconds since the process began; only the soft limit is set, the next file gets another one.
    """
    with suppress(ImportError, ValueError, OSError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds), most))


def _private_output() -> TextIO:
    """Standard output for answers alone: what a library prints goes to standard error from now on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers
