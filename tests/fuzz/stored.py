"""Files that the program writes and others may have changed: folders of results, ensembles of parameter sets."""

from __future__ import annotations

import io
import json
import os
import random
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.cli.test_surroundings import write_decay
from tests.formats.test_petab_mistakes import FILES as PETAB
from tests.formats.test_petab_mistakes import MODEL as PETAB_MODEL
from tests.parameters.ensembles import drawn_ensemble

from .kinds import RANKED, Files, Kind
from .mutate import TEXTS, junk, mutated, scrambled, to_toml, varied


def _files_below(place: Path) -> Files:
    return {f.relative_to(place).as_posix(): f.read_bytes() for f in place.rglob("*") if f.is_file()}


@cache
def finished_fit() -> Mapping[str, bytes]:
    """The folder of a finished fit, with what it was of."""
    import pathway

    files = {name: text.encode() for name, text in PETAB[1].items()} | {"model.xml": PETAB_MODEL.encode()}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for file, content in files.items():
            (place / file).write_bytes(content)
        pathway.fit(place / "problem.yaml", starts=2, directory=place / "found")
        return _files_below(place)


COMMANDS = (
    "fit decay/decay.yaml --starts 2 --workers 1 --out fitted",
    "fit decay/decay.yaml --starts 2 --seed 2 --workers 1 --out other",
    "sample decay/decay.yaml --fit fitted --draws 100 --tune 50 --chains 2 --workers 1 --out drawn",
    "profile decay/decay.yaml --fit fitted --workers 1 --out profiled",
    "run input.toml --ensemble prior --members 3 --out run",
    "run input.toml --ensemble none --out again",
    "compare run again --out compared",
    "explain input.toml --arm drug --reference none --out explained",
)
"""What leaves the folders that are broken."""


@cache
def finished_results() -> Mapping[str, bytes]:
    """Folders that commands leave, beside what they were of."""
    from pathway.cli import main

    here = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        try:
            os.chdir(name)
            write_decay(Path())
            Path("input.toml").write_text(to_toml(RANKED), encoding="utf-8")
            for command in COMMANDS:
                assert main(command.split()) in (0, 3), command
            return {n: c for n, c in _files_below(Path()).items() if not n.endswith((".png", ".svg", ".html"))}
        finally:
            os.chdir(here)


def _damaged(content: bytes, name: str, draw: random.Random) -> bytes:
    """A file in which something is broken that its kind has."""
    if name.endswith(".json") and draw.random() < 0.8:
        try:
            document = json.loads(content)
        except ValueError:
            return content
        if draw.random() < 0.1:
            changed = junk(draw)
        else:
            changed = (
                mutated(document, draw, list(document) or ["x"]) if draw.random() < 0.7 else varied(document, draw)
            )
        return json.dumps(changed, default=str).encode("utf-8", "replace")
    if name.endswith(".npz") and draw.random() < 0.8:
        try:
            return changed_arrays(content, draw)
        except (zipfile.BadZipFile, zlib.error, ValueError, OSError):  # broken already
            return content
    if name.endswith(".csv") and draw.random() < 0.7:
        rows = [line.split(b",") for line in content.split(b"\n")]
        row = draw.choice(rows)
        row[draw.randrange(len(row))] = draw.choice(TEXTS).encode()
        return b"\n".join(b",".join(row) for row in rows)
    return b"" if draw.random() < 0.1 else scrambled(content, draw)


def changed_arrays(content: bytes, draw: random.Random) -> bytes:
    """An archive of arrays in which some have another shape, type or value, or are gone."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    for _ in range(draw.randint(1, 3)):
        name = draw.choice(list(arrays))
        arrays[name] = _changed_array(arrays[name], draw)
        if draw.random() < 0.05:
            del arrays[name]
        if not arrays:
            break
    stream = io.BytesIO()
    with np.errstate(all="ignore"):
        np.savez(stream, **arrays)
    if draw.random() < 0.1:
        return stream.getvalue().replace(b"'shape': (", b"'shape': (99999999999, ", 1)
    return stream.getvalue()


def _changed_array(array: np.ndarray, draw: random.Random) -> Any:
    choice = draw.randrange(9)
    if choice < 4 and array.size:  # one value
        changed, place = array.copy(), draw.randrange(array.size)
        if array.dtype.kind == "U":
            return _changed_text(array, place, draw)
        if array.dtype.kind == "b":
            changed.flat[place] = not changed.flat[place]
        elif array.dtype.kind in "iuf":
            with np.errstate(all="ignore"):
                changed = changed.astype(float)
                values = [0, -1, 1e300, 1e-300, np.nan, np.inf, 1.01 * changed.flat[place], 10 * changed.flat[place]]
                changed.flat[place] = draw.choice(values)
        return changed
    if choice == 4:
        kinds = [int, bool, complex, "S8", "U8", "f2", ">f8", "m8[s]", "M8[s]", [("a", float)]]
        try:
            with np.errstate(all="ignore"):
                return array.astype(draw.choice(kinds))  # type: ignore[arg-type]
        except (ValueError, TypeError, OverflowError):
            return np.array(junk(draw), dtype=str)
    shapes = [array.T, array[None], array[..., None], array.ravel(), array[:0] if array.ndim else array]
    shapes += [array[1:] if array.ndim else array, np.array(0.0), np.array([]), np.zeros((0, 0)), np.zeros((3, 0, 2))]
    return draw.choice(shapes)


def _changed_text(array: np.ndarray, place: int, draw: random.Random) -> np.ndarray:
    """Texts, one of which is another one; of a JSON object usually one of its entries."""
    own, junk_text = str(draw.choice(array.ravel().tolist())), draw.choice(TEXTS).replace("\0", "")
    if array.ndim == 0 and own[:1] == "{":
        document = json.loads(own)
        if draw.random() < 0.9:
            return np.array(json.dumps(mutated(document, draw, list(document) or ["x"]), default=str))
    changed = array.astype(f"U{max(array.dtype.itemsize // 4, 200)}")
    changed.flat[place] = draw.choice([own, junk_text, "loop.x", "bt474.k_AKT"])[:200]
    return changed


def make_results(draw: random.Random) -> Files:
    """Folders of results, in one of which something is broken."""
    files = dict(finished_results())
    folder = draw.choice(list(OPENED))
    for _ in range(draw.choice([1, 1, 2])):
        name = draw.choice([n for n in files if n.startswith(f"{folder}/")])
        files[name] = _damaged(files[name], name, draw)
        if draw.random() < 0.05:
            del files[name]
    return files | {"broken": folder.encode()}


OPENED = {
    "run": ["compare run again --json --out out", "replay run --json", "plot run"],
    "compared": ["plot compared"],
    "explained": ["replay explained --json"],
    "fitted": ["open fitted", "compare-fits other fitted --out out", "fit decay/decay.yaml --starts 2 --out fitted"],
    "drawn": ["open drawn", "predict decay/decay.yaml --draws drawn --out out"],
    "profiled": ["open profiled", "plot profiled"],
}
"""Folder that is broken, and what opens it."""


def results_commands(draw: random.Random, files: Files) -> list[list[str]]:
    """What opens the folder that is broken."""
    folder = files["broken"].decode()
    verify = [["verify", folder]] if draw.random() < 0.1 else []
    return [*verify, draw.choice(OPENED[folder]).split()]


@cache
def ensemble() -> bytes:
    """A file of four parameter sets near the chosen ones."""
    from pathway.parameters.parameter_ensemble import write_ensemble

    with tempfile.TemporaryDirectory() as name:
        write_ensemble(Path(name) / "e.npz", drawn_ensemble(4, spread=0.1))
        return (Path(name) / "e.npz").read_bytes()


def make_ensemble(draw: random.Random) -> Files:
    """A file of parameter sets in which something is broken, and a scenario."""
    content = changed_arrays(ensemble(), draw) if draw.random() < 0.8 else scrambled(ensemble(), draw)
    return {"e.npz": content, "input.toml": to_toml(RANKED).encode()}


def ensemble_commands(draw: random.Random, files: Files) -> list[list[str]]:
    """Read it; run a scenario with some of those that can be read."""
    choice, weights = draw.random(), draw.choice(["measured", "findings"])
    commands = [["members", "e.npz"]]
    if choice < 0.2:
        commands.append(["run", "input.toml", "--ensemble", "e.npz", "--weights", weights, "--json", "--out", "out"])
    elif choice < 0.25:
        commands.append(["explore", "input.toml", "--ensemble", "e.npz", "--out", "page.html"])
    return commands


def make_resume(draw: random.Random) -> Files:
    """A folder of a fit in which something is broken."""
    files = dict(finished_fit())
    for _ in range(draw.randint(1, 2)):
        name = draw.choice([n for n in files if n.startswith("found/")])
        files[name] = _damaged(files[name], name, draw)
    return files


def resume_commands(draw: random.Random, files: Files) -> list[list[str]]:
    """Go on with it."""
    return [["resume", "problem.yaml", "found"]]


STORED = {
    "resume": Kind(make_resume, resume_commands),
    "results": Kind(make_results, results_commands),
    "ensemble": Kind(make_ensemble, ensemble_commands),
}
"""Kinds of input, by name."""
