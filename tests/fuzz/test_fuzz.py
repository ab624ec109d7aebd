"""Inputs made from seeds: no traceback, no exit code that is not documented, nothing without end, no number lost.

The quick form tries some of each kind; the long one (`-m slow`) goes on where it stopped, for FUZZ_SECONDS (an hour
unless told): the next seeds stand in `progress.json` beside this file, with what was tried so far.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .campaign import PROGRESS, go_on
from .harness import KINDS, outcome

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
    finds = [find for kind in KINDS for find in go_on(kind, sys.maxsize, seconds)]
    assert not finds, "\n".join(finds)


@pytest.mark.parametrize("arguments", [["--go-on", "scenari", "5"], ["scenari", "1"], ["scenari", "1", "5"]])
def test_an_unknown_kind_is_refused_in_one_line_and_counts_nothing(arguments):
    before = PROGRESS.read_bytes()
    command = [sys.executable, "-m", "tests.fuzz", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=120)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "no kind of input is called 'scenari'" in done.stderr and "'scenario'" in done.stderr
    assert PROGRESS.read_bytes() == before
