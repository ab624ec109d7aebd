"""Inputs made from seeds: no traceback, no exit code that is not documented, nothing without end, no number lost.

The quick form tries some of each kind; the long one (`-m slow`) goes on where it stopped, for FUZZ_SECONDS (an hour
unless told): the next seeds stand in `progress.json` beside this file, with what was tried so far.
"""

import os
import sys
import time

import pytest

from .campaign import go_on
from .harness import outcome
from .kinds import KINDS

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
