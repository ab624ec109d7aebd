"""Runs what the pages show, every scenario of the gallery and every lesson, and keeps what came of it.

    python -m docs.record                          everything (some twenty minutes)
    python -m docs.record howto/washes.md          a page
    python -m docs.record antimir21_resensitises   a scenario
    python -m docs.record main_experiment          table and picture of README.md; then python -m docs.readme
    python -m docs.record 03_dose_response         a lesson
    python -m docs.record --check [NAME ...]       runs it and compares with what is kept; exit code 3 where it differs

Numbers are compared to three digits, everything else letter by letter.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from docs import lessons, main_experiment, page_runs, scenario_runs
from docs.blocks import HERE, OUTPUTS, blocks_of
from docs.same import difference

DIFFERS = 3


def pages() -> list[Path]:
    """The pages with something to run."""
    own = (page for page in HERE.rglob("*.md") if OUTPUTS not in page.parents)
    return sorted(page for page in own if blocks_of(page.read_text(encoding="utf-8")))


def everything() -> list[str]:
    """Names of all that can be recorded."""
    return [
        *main_experiment.names(),
        *scenario_runs.names(),
        *lessons.names(),
        *(str(page.relative_to(HERE)) for page in pages()),
    ]


def record(name: str, outputs: Path) -> Path:
    """Run one of `everything` and write what came of it below `outputs`; its JSON file."""
    if name in main_experiment.names():
        return main_experiment.record(name, outputs / name)
    if name in scenario_runs.names():
        return scenario_runs.record(name, outputs / "scenarios")
    if name in lessons.names():
        return lessons.record(name, outputs / "lessons")
    return page_runs.record(HERE / name, outputs / "pages")


def compare(name: str) -> str:
    """In what a repeated run differs from what is kept; "" where it does not."""
    with tempfile.TemporaryDirectory() as folder:
        file = record(name, Path(folder))
        recorded = OUTPUTS / file.parent.name / file.name
        if not recorded.is_file():
            return "nothing is kept"
        return difference(json.loads(recorded.read_text("utf-8")), json.loads(file.read_text("utf-8")))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m docs.record", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a scenario, a lesson, or a page such as howto/x.md")
    parser.add_argument("--check", action="store_true", help="compare with what is kept instead of keeping it")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.names) - set(everything())
    if unknown:
        parser.error(f"nothing to record is called {', '.join(sorted(unknown))}")
    code = 0
    for name in chosen.names or everything():
        if not chosen.check:
            print(record(name, OUTPUTS).relative_to(HERE), flush=True)
            continue
        differs = compare(name)
        print(f"{name}: {differs or 'the same'}", flush=True)
        code = DIFFERS if differs else code
    return code


if __name__ == "__main__":
    sys.exit(main())
