"""Gives one input to the program, in this process, and says what must not have happened.

python -m tests.fuzz KIND SEED        shows an input and what the program says to it
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import math
import os
import random
import resource
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pathway.errors import InputError, NumericalError, did_you_mean

from .kinds import DOCUMENTS, SECRET, Files, Kind
from .stored import STORED

SECONDS, BYTES, LONGEST_LINE = 20.0, 2 * 1024**3, 3000
KINDS = {**DOCUMENTS, **STORED}
"""Kinds of input, by name."""

CODES = {0: "done", 1: "bad input", 2: "numerical failure", 3: "not met"}
"""What a command may answer with; 4 is a fault of the program."""


@dataclass(frozen=True)
class Outcome:
    """What became of an input.

    Attributes
    ----------
    code : int
        Of the last command.
    complaint : str
        What must not be; "" if nothing.
    said : str
        On standard error, or the error in Python.
    """

    code: int
    complaint: str
    said: str


def kind_of(name: str) -> Kind:
    """A kind of input by its name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in KINDS:
        raise InputError(f"no kind of input is called '{name}'.{did_you_mean(name, KINDS)} One of {', '.join(KINDS)}")
    return KINDS[name]


def files_of(kind: str, seed: int) -> tuple[Files, list[list[str]]]:
    """The input that a seed stands for, and what is done with it."""
    draw = random.Random(f"{kind} {seed}")
    files = kind_of(kind).make(draw)
    return files, kind_of(kind).commands(draw, files)


def outcome(kind: str, seed: int) -> Outcome:
    """What the program does with the input of a seed."""
    return of_files(*files_of(kind, seed))


def of_files(files: Files, commands: list[list[str]]) -> Outcome:
    """What the program does with these files."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz_"))
    here = Path.cwd()
    try:
        (folder / "outside.toml").write_text(SECRET)
        (folder / "inside").mkdir()
        os.chdir(folder / "inside")
        for name, content in files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(content)
        for command in commands:
            found = _one(command)
            if found.complaint or found.code:
                break
        return found
    finally:
        os.chdir(here)
        shutil.rmtree(folder, ignore_errors=True)


def _one(command: list[str]) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    started, memory = _busy(), _memory()
    complaint = ""
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _no_file_of_faults() as faults:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                code = _python(command) if command[0] in PYTHON else _command(command)
        except BaseException:
            code, complaint = 4, traceback.format_exc()
    seconds, said = _busy() - started, err.getvalue()
    if faults:
        complaint = faults[0]
    elif not complaint and code not in CODES:
        complaint = f"exit code {code}"
    elif "Traceback (most recent call last)" in said:
        complaint = "a traceback"
    elif seconds > SECONDS:
        complaint = f"{seconds:.0f} s"
    elif _memory() - memory > BYTES:
        complaint = f"{(_memory() - memory) / 1e9:.1f} GB"
    elif SECRET[:11] in said + out.getvalue():
        complaint = "shows what stands in a file outside the folder"
    elif "\x1b" in said + out.getvalue():
        complaint = "gives commands to the terminal"
    elif max(map(len, said.splitlines()), default=0) > LONGEST_LINE:
        complaint = "a line without end"
    elif code == 1 and not said.strip() and "--json" not in command:
        complaint = "no word about what is wrong"
    elif code == 0 and "--json" in command:
        complaint = _of_json(out.getvalue())
    return Outcome(code, complaint, said)


def _busy() -> float:
    """Seconds of the processor, children included: how long it takes beside others says nothing about the input."""
    return sum(os.times()[:4])


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@contextlib.contextmanager
def _no_file_of_faults() -> Iterator[list[str]]:
    """Faults are collected here instead of being written for the user."""
    import pathway.cli as cli

    faults: list[str] = []

    def own_up(error: Exception, arguments: Any) -> int:
        faults.append("".join(traceback.format_exception(error)))
        return cli.FAULT

    usual = cli._own_up
    cli._own_up = own_up
    try:
        yield faults
    finally:
        cli._own_up = usual


def _command(command: list[str]) -> int:
    """In place of what typer works out anew at each start of the program: nine tenths of the time of a `check`."""
    import typer.main

    import pathway.cli as cli

    known = _parser()
    usual, typer.main.get_command = typer.main.get_command, lambda application: known
    try:
        return cli.main(command)
    finally:
        typer.main.get_command = usual


@functools.cache
def _parser() -> Any:
    import typer.main

    import pathway.cli as cli

    return typer.main.get_command(cli.application())


def _python(command: list[str]) -> int:
    """A call in Python in place of a command whose report would take most of the time."""
    try:
        PYTHON[command[0]](*command[1:])
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except (NumericalError, FloatingPointError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _load(file: str) -> None:
    import pathway

    pathway.load(file)


def _simulate(file: str) -> None:
    import pathway

    model = pathway.load(file)
    found = pathway.simulate(model, np.linspace(model.start_time, model.start_time + 1.0, 5))
    assert np.isfinite(found.values).all(), "a state that is no number, without a word"


def _resume(problem: str, folder: str) -> None:
    import pathway

    found = pathway.fit(problem, starts=2, directory=folder)
    assert math.isfinite(found.best.objective), "an objective that is no number, without a word"


def _open(folder: str) -> None:
    """A saved result, and all that a notebook shows of it."""
    import pathway

    load = {"fitted": pathway.load_fit, "profiled": pathway.load_profiles, "drawn": pathway.load_posterior}
    found = load[folder](folder)
    assert repr(found) and found._repr_html_()


def _members(file: str) -> None:
    from pathway.parameters.parameter_ensemble import read_ensemble

    found = read_ensemble(Path(file))
    assert np.isfinite(found.weights_measured).all(), "a weight that is no number, without a word"


PYTHON = {"load": _load, "simulate": _simulate, "resume": _resume, "open": _open, "members": _members}


def _of_json(text: str) -> str:
    """What is wrong with an answer in JSON: a number that is none, or values that got lost."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} in JSON")

    try:
        found = json.loads(text, parse_constant=refuse)
    except ValueError as error:
        return str(error)
    for entry in found.get("files", {}).values():
        for table in entry.get("tables", []):
            cells = [c for c in table["columns"] if c["name"] in ("value", "cell_count") or "[a.u.]" in c["name"]]
            read = sum(c["numbers"] + c["limits"] for c in cells)
            filled = sum(c["filled"] - c["not_measured"] for c in cells)
            if not read == filled == table["values"]:
                return f"{filled} cells, {read} numbers, {table['values']} values"
    return ""
