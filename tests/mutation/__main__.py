"""`python -m tests.mutation [ROOM ...] [--seconds 600] [--seed 1] [--progress FILE]`: how many faults the tests notice.

Faults are made in a copy of the tree, one after the other, in an order that the seed decides; of each the tests that
belong to its file are run. What was judged stands in the file of progress and is not judged again while its source
stays the same.
"""

from __future__ import annotations

import argparse
import compileall
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from .mutants import Mutant, mutants_of, mutated
from .rooms import ROOMS

LONGEST = 120.0
"""Seconds after which a fault counts as noticed: the tests do not come to an end."""

TREE = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Judge faults until the time is over; the score and the survivors are printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("rooms", nargs="*", choices=[[], *ROOMS], help="all unless named")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--progress", type=Path, default=Path(tempfile.gettempdir()) / "pathway-mutation.jsonl")
    asked = parser.parse_args(arguments)
    begin, rooms = time.monotonic(), asked.rooms or list(ROOMS)
    judged = _judged(asked.progress)
    with tempfile.TemporaryDirectory(prefix="pathway-mutation-") as folder:
        copy = _copied(Path(folder) / "tree")
        files = {file: tests for room in rooms for file, tests in ROOMS[room].items() if (copy / file).is_file()}
        for tests in dict.fromkeys(files.values()):
            if _run(copy, tests, 10 * LONGEST) != 0:
                print(f"{' '.join(tests)}: not green without a fault", file=sys.stderr)
                return 1
        for mutant in _drawn(copy, files, asked.seed):
            if time.monotonic() - begin > asked.seconds:
                break
            key = _key(copy, mutant)
            if key not in judged:
                noticed = _noticed(copy, mutant, files[mutant.file])
                judged[key] = {**asdict(mutant), "key": key, "seed": asked.seed, "noticed": noticed}
                with asked.progress.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(judged[key]) + "\n")
        keys = {_key(copy, mutant) for mutant in _drawn(copy, files, asked.seed)}
    print(_told([entry for key, entry in judged.items() if key in keys], len(keys)))
    return 0


def _judged(progress: Path) -> dict[str, dict]:
    if not progress.is_file():
        return {}
    entries = [json.loads(line) for line in progress.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    return {entry["key"]: entry for entry in entries}


def _copied(tree: Path) -> Path:
    """The files that git knows, compiled, so that a run compiles only the one with the fault."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=TREE, capture_output=True, check=True).stdout.decode()
    for name in filter(None, names.split("\0")):
        if (TREE / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TREE / name, tree / name)
    compileall.compile_dir(tree / "pathway", quiet=2)
    return tree


def _drawn(tree: Path, files: dict[str, tuple[str, ...]], seed: int) -> list[Mutant]:
    every = [m for file in files for m in mutants_of(file, (tree / file).read_text(encoding="utf-8"))]
    random.Random(seed).shuffle(every)
    return every


def _key(tree: Path, mutant: Mutant) -> str:
    return f"{mutant.name}:{hashlib.sha256((tree / mutant.file).read_bytes()).hexdigest()[:12]}"


def _noticed(tree: Path, mutant: Mutant, tests: tuple[str, ...]) -> bool:
    path = tree / mutant.file
    source = path.read_text(encoding="utf-8")
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()
    try:
        path.write_text(mutated(source, mutant), encoding="utf-8")
        return _run(tree, tests, LONGEST) != 0
    finally:
        path.write_text(source, encoding="utf-8")


def _run(tree: Path, tests: tuple[str, ...], seconds: float) -> int:
    """Exit code of pytest on the tree; CI makes hypothesis draw the same examples at each run, without a deadline."""
    options = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-p", "no:randomly"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "CI": "1",
    }
    quiet = subprocess.DEVNULL
    command = [sys.executable, "-m", "pytest", *options, *tests]
    run = subprocess.Popen(command, cwd=tree, env=environment, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        return run.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return 1


def _told(entries: list[dict], n_all: int) -> str:
    """Score of each room, and where the survivors are."""
    lines = []
    for room, files in ROOMS.items():
        own = [entry for entry in entries if entry["file"] in files]
        if own:
            noticed = sum(entry["noticed"] for entry in own)
            lines.append(f"{room}: {noticed} of {len(own)} noticed ({noticed / len(own):.0%})")
    noticed = sum(entry["noticed"] for entry in entries)
    lines.append(f"all: {noticed} of {len(entries)} noticed; {n_all} faults can be made in these rooms")
    alive = sorted((e for e in entries if not e["noticed"]), key=lambda e: (e["file"], e["line"]))
    lines += [f"survives: {e['file']}:{e['line']}: {e['kind']}: {e['text']}" for e in alive]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
