"""Files from outside are read by libSBML and libAntimony in a process of their own, limited in memory and time.

The process starts with the first file and serves the following ones; if a file ends it, the next one starts another.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import subprocess
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from pathway.errors import InputError
from pathway.extras import installed_version
from pathway.files import read_bytes
from pathway.interpreter import start_interpreter
from pathway.kernels import files_digest, read_cached, write_cached

from ..errors import FormatError, Unsupported
from .declarations import Declarations
from .wire import from_json

MEMORY = 2 * 1024**3
"""Bytes of address space that reading a file may take."""

LONGEST_FILE = 100_000_000
"""Bytes; the largest public models have some ten million."""

SECONDS, SECONDS_PER_MEGABYTE = 20.0, 20.0
"""Time of the processor that reading a file may take: that of others is no fault of the file."""

WAITED = 15.0
"""So many times longer the answer is waited for, beside others or where the system knows no limit to the processor."""


def read_text(path: Path) -> str:
    """The text of a model file.

    Raises
    ------
    FormatError
        In one line, where it cannot be read or is no ordinary file.
    """
    try:
        content = read_bytes(path, LONGEST_FILE)
    except InputError as reason:
        raise FormatError(f"{path}: {reason}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def parse(text: str, name: str, folder: Path | None = None, language: str = "sbml") -> Declarations:
    """What the text of a model file declares.

    Parameters
    ----------
    text : str
    name : str
        What messages call it.
    folder : Path, optional
        Where external model definitions of `comp` are looked up; absent: they are refused.
    language : str
        "sbml" or "antimony".

    Raises
    ------
    FormatError, Unsupported
        For a file that is broken, ends the process, or takes more memory or time than is allowed.
    """
    where = None if folder is None else str(folder.absolute())
    request = {"text": text, "name": name, "folder": where, "language": language}
    key = _key_of_answer(text, name, language)
    if (stored := stored_answer(key)) is not None:
        return from_json(json.loads(stored))
    with _lock:
        answer = _answer(request)
    if "fault" in answer:
        raise RuntimeError(f"{name}: the reader of model files failed:\n{answer['fault']}")
    if "reason" in answer:
        raise (Unsupported if answer["unsupported"] else FormatError)(answer["reason"])
    if key:
        write_cached(key, {}, json.dumps(answer).encode())
    return from_json(answer)


def _key_of_answer(text: str, name: str, language: str) -> str:
    """What an answer follows from: the text, who reads it, and the code that says what it declares; "" where other
    files play a part."""
    if "xternalModelDefinition" in text:
        return ""
    readers = [(library, installed_version(library)) for library in ("python-libsbml", "antimony")]
    digest = hashlib.sha256(repr((name, language, readers, _sources_digest())).encode())
    digest.update(text.encode())
    return digest.hexdigest()


@cache
def _sources_digest() -> str:
    own = Path(__file__).parent
    return files_digest((own, own.parent, own.parents[1] / "expressions"))


def stored_answer(key: str) -> bytes | None:
    """The answer for a file that was read before; starting who reads it takes longer than all the rest of loading."""
    stored = read_cached(key) if key else None
    return None if stored is None else stored[1]


_lock = threading.Lock()
_running: _Parser | None = None


class _Parser:
    """The running process. One that a fork inherited belongs to somebody else."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.process = start_interpreter(
            f"from pathway.formats.sbml.parser_process import main; main({MEMORY})",
            cwd=Path(__file__).parent,  # a folder that stays: this process may leave and delete its own
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )

    def ask(self, request: dict[str, Any], seconds: float) -> str:
        """The answer's line; empty if the process ended."""
        assert self.process.stdin is not None and self.process.stdout is not None
        timer = threading.Timer(WAITED * seconds, self.process.kill)
        timer.daemon = True
        timer.start()
        try:
            with suppress(OSError):  # it may have ended
                self.process.stdin.write(json.dumps({"seconds": seconds, "request": request}) + "\n")
                self.process.stdin.flush()
            return self.process.stdout.readline()
        finally:
            timer.cancel()

    def close(self) -> int:
        """End it; what its end says: a negative number names the signal that ended it."""
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            return self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    global _running
    if _running is None or _running.owner != os.getpid():
        _running = _Parser()
    seconds = SECONDS + SECONDS_PER_MEGABYTE * len(request["text"]) / 1e6
    line = _running.ask(request, seconds)
    if line.endswith("\n"):
        return json.loads(line)
    return {"unsupported": False, "reason": f"{request['name']}: {_cause(close_parser(), seconds)}"}


OUT_OF_TIME = -24
"""What the end of a process says that has used up its time of the processor (SIGXCPU)."""


def _cause(code: int, seconds: float) -> str:
    if code in (-9, OUT_OF_TIME):
        return f"reading this file took longer than {seconds:.0f} s, or more memory than there is"
    return f"libSBML does not survive this file (it ended with code {code}): the file is malformed"


@atexit.register
def close_parser() -> int:
    """End the process; the next file starts another one."""
    global _running
    ended, _running = _running, None
    return ended.close() if ended is not None and ended.owner == os.getpid() else 0
