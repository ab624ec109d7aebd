"""`python -m tests.conformance sbml|petab|benchmarks [--json] [--only CASE ...]`"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib import import_module
from pathlib import Path

from .outcome import OTHER, PASSED, new_refusals, summary
from .sweep import sweep

SUITES = ("sbml", "petab", "benchmarks")
"""Each is a module here with VARIABLE (where its folder is named), REFUSALS (what is known to be refused, case to words
of the reason), `cases(folder)` and `judge(case)`."""


def main(arguments: list[str] | None = None) -> int:
    """Run one suite; exit code 0 when every counted case passed or is known to be refused."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--only", nargs="*", default=[], metavar="CASE", help="names of cases")
    parser.add_argument("--workers", type=int, default=None)
    asked = parser.parse_args(arguments)
    suite = import_module(f"tests.conformance.{asked.suite}")
    folder = os.environ.get(suite.VARIABLE)
    if not folder or not Path(folder).is_dir():
        print(f"{suite.VARIABLE} names no folder, so there is nothing to run", file=sys.stderr)
        return 1
    chosen = [c for c in suite.cases(Path(folder)) if not asked.only or c.name in asked.only]
    if not chosen:
        print(f"no such case in {folder}", file=sys.stderr)
        return 1
    outcomes = []
    for outcome in sweep(chosen, suite.judge, asked.workers):
        outcomes.append(outcome)
        if outcome.status not in (PASSED, OTHER):
            print(f"{outcome.case}: {outcome.status}: {outcome.reason}", file=sys.stderr)
    found = summary(outcomes)
    if asked.json:
        print(json.dumps(found))
    else:
        counts = ", ".join(f"{found[key]} {key}" for key in ("passed", "refused", "failed", "errors"))
        print(f"{counts}, of {found['of']}")
    new = new_refusals(outcomes, suite.REFUSALS)
    for outcome in new:
        print(f"{outcome.case}: begins to be refused: {outcome.reason}", file=sys.stderr)
    return 0 if found["passed"] + found["refused"] == found["of"] and not new else 3


if __name__ == "__main__":
    sys.exit(main())
