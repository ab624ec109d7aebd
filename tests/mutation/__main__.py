"""`python -m tests.mutation [ROOM ...] [--near] [--count 500] [--seed 1]`: how many faults the tests notice.

Of all faults that can be made in the rooms, the seed decides the order and `--count` how many are judged. Which tests
pass a line is recorded once; a fault is judged by those that pass its statement, until the first that fails. Verdicts
stand in `progress.json` and hold as long as the function around the fault stays the same; one that no test noticed
is given to tests that are new since. `equivalent.toml` says of which faults nobody could notice anything, and why.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .judge import Coverage, Judge
from .mutants import Mutant, mutants_of
from .rooms import NEAREST, ROOMS, TESTS, files_of, room_of

TREE = Path(__file__).parents[2]
PROGRESS = Path(__file__).with_name("progress.json")
EQUIVALENT = Path(__file__).with_name("equivalent.toml")


def main(arguments: list[str] | None = None) -> int:
    """Judge faults until all are, or the time is over; the score and the survivors are printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("rooms", nargs="*", choices=[[], *ROOMS], help="judged now; all unless named")
    parser.add_argument("--count", type=int, default=500, help="of all rooms, in the order of the seed")
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--near", action="store_true", help="ask only the tests written for these rooms: most notice")
    parser.add_argument("--only-tell", action="store_true", help="what is known already")
    asked = parser.parse_args(arguments)
    rooms = asked.rooms or list(ROOMS)
    sources = {file: (TREE / file).read_text(encoding="utf-8") for room in ROOMS for file in files_of(TREE, room)}
    sample = sorted(
        (m for file, text in sources.items() for m in mutants_of(file, text)), key=lambda m: m.order(asked.seed)
    )
    n_all, sample = len(sample), sample[: asked.count]
    verdicts = _Verdicts(PROGRESS, asked.seed, sample)
    if not asked.only_tell:
        coverage = Coverage.read(Path(tempfile.gettempdir()) / "pathway-mutation-coverage", sources)
        wanted = [m for m in sample if room_of(m.file) in rooms and not verdicts.closed(m)]
        wanted.sort(key=verdicts.known)  # those of which nothing is known come first
        until = time.monotonic() + asked.seconds
        judge = Judge(TREE, sources, coverage, verdicts.asked(wanted, until), verdicts.add)
        os.environ.update({"CI": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"})
        os.chdir(TREE)
        tests = dict.fromkeys(test for room in rooms for test in NEAREST[room]) if asked.near else TESTS
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            code = pytest.main(["-q", "-s", "-n", "0", "-p", "no:cacheprovider", *tests], plugins=[judge])
        if code not in (0, 5):
            print(f"pytest has ended with {code}", file=sys.stderr)
    print(verdicts.told(sample, n_all))
    return 0


class _Verdicts:
    """What was judged: by name of the fault."""

    def __init__(self, place: Path, seed: int, sample: list[Mutant]) -> None:
        self._place, self._seed = place, seed
        known = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {"seed": seed, "verdicts": {}}
        digests = {m.name: m.digest for m in sample}
        self._known = {n: v for n, v in known["verdicts"].items() if digests.get(n) == v["digest"]}
        if EQUIVALENT.is_file():
            entries = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
        else:
            entries = []
        self._reasons = {entry["fault"]: entry["reason"] for entry in entries}

    def closed(self, mutant: Mutant) -> bool:
        """Nothing is to be found out about it any more."""
        return mutant.name in self._reasons or self._known.get(mutant.name, {}).get("noticed", False)

    def known(self, mutant: Mutant) -> bool:
        """Whether it has been judged."""
        return mutant.name in self._known

    def asked(self, mutants: list[Mutant], until: float) -> Iterator[tuple[Mutant, set[str]]]:
        """Faults, with the tests that are known not to notice."""
        for mutant in mutants:
            if time.monotonic() > until:
                return
            yield mutant, set(self._known.get(mutant.name, {}).get("asked", []))

    def add(self, mutant: Mutant, noticed: bool, by: str, asked: list[str]) -> None:
        """Write it down at once."""
        before = self._known.get(mutant.name, {}).get("asked", [])
        verdict = {"digest": mutant.digest, "noticed": noticed}
        self._known[mutant.name] = verdict | ({"by": by} if noticed else {"asked": sorted({*before, *asked})})
        print(f"{'noticed ' if noticed else 'SURVIVES'} {mutant.name} {by}", file=sys.__stderr__, flush=True)
        text = json.dumps({"seed": self._seed, "verdicts": self._known}, indent=1, sort_keys=True) + "\n"
        draft = self._place.with_suffix(".draft")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self._place)

    def told(self, sample: list[Mutant], n_all: int) -> str:
        """Score of each room, and the survivors."""
        lines = []
        for room in [*ROOMS, "all"]:
            own = [m for m in sample if room in ("all", room_of(m.file))]
            judged = [m for m in own if m.name in self._known or m.name in self._reasons]
            noticed = sum(self._known.get(m.name, {}).get("noticed", False) for m in judged)
            reasons = sum(m.name in self._reasons for m in judged)
            share = noticed / max(1, len(judged))
            lines.append(f"{room}: {noticed} of {len(judged)} noticed ({share:.0%}), {reasons} with a reason")
        lines.append(f"{len(sample)} of {n_all} faults are in the sample of seed {self._seed}")
        alive = [m for m in sample if m.name in self._known and not self.closed(m)]
        for m in sorted(alive, key=lambda m: (m.file, m.lines)):
            asked = len(self._known[m.name]["asked"])
            lines.append(f"survives {asked} tests: {m.file}:{m.lines[0]}: {m.within}: {m.kind}: {m.text} [{m.number}]")
        return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
