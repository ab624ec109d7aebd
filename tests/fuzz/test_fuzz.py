"""Inputs made from seeds: no traceback, no exit code that is not documented, nothing without end, no number lost.

The quick form tries some of each kind; the long one (`-m slow`) goes on where it stopped, for FUZZ_SECONDS (an hour
unless told): the next seeds stand in `progress.json` beside this file, with what was tried so far.
"""

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from .harness import outcome
from .kinds import KINDS

PROGRESS = Path(__file__).with_name("progress.json")
QUICK = 14.0
"""Seconds for each kind."""


@pytest.mark.parametrize("kind", KINDS)
def test_some_inputs_of_each_kind(kind):
    """The seeds below a million are these; which of them are reached in time depends on the machine."""
    begun = time.monotonic()
    for seed in range(1_000_000):
        found = outcome(kind, seed)
        assert not found.complaint, f"python -m tests.fuzz '{kind}' {seed}\n{found.complaint}"
        if time.monotonic() - begun > QUICK:
            return


@pytest.mark.slow
def test_hours_of_inputs():
    """A find does not stop the others; each is listed with its kind and seed."""
    seconds = float(os.environ.get("FUZZ_SECONDS", 3600)) / len(KINDS)
    progress = json.loads(PROGRESS.read_text()) if PROGRESS.is_file() else {}
    finds = []
    for kind in KINDS:
        entry = progress.setdefault(kind, {"next_seed": 1_000_000, "tried": 0, "codes": {}})
        codes, begun = Counter(entry["codes"]), time.monotonic()
        while time.monotonic() - begun < seconds:
            found = outcome(kind, entry["next_seed"])
            if found.complaint:
                finds.append(f"python -m tests.fuzz '{kind}' {entry['next_seed']}: {found.complaint.splitlines()[-1]}")
            codes[str(found.code)] += 1
            entry["next_seed"] += 1
            entry["tried"] += 1
        entry["codes"] = dict(codes)
        PROGRESS.write_text(json.dumps(progress, indent=1) + "\n")
    assert not finds, "\n".join(finds)
