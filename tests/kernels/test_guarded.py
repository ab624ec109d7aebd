"""No kernel reads or writes outside its arrays or leaves a row out; and mistakes made by hand are noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pages are protected by mprotect")

OUTSIDE = [
    "write one row too far",
    "write one row too early",
    "write into what is given",
    "read one row too far",
    "read one row too early",
]
"""Faults that end the process."""


def guarded(cache: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The guarded run in a process of its own, with what it compiles kept apart."""
    environment = {**os.environ, "PATHWAY_CACHE_DIR": str(cache)}
    command = [sys.executable, "-m", "tests.kernels.guarded", *words]
    place = Path(__file__).parents[2]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, cwd=place, check=False)


@pytest.mark.parametrize("form", [(), ("loops",)], ids=["written out", "looped, in pieces"])
def test_every_kernel_keeps_to_its_arrays(form: tuple[str, ...], tmp_path: Path) -> None:
    run = guarded(tmp_path, *form)
    *_, last = run.stdout.splitlines()
    assert (run.returncode, last) == (0, "every kernel kept to its arrays"), f"{last}\n{run.stderr}"


@pytest.mark.parametrize("fault", OUTSIDE)
def test_a_read_or_write_outside_ends_the_process_and_is_placed(fault: str, tmp_path: Path) -> None:
    run = guarded(tmp_path, fault)
    *_, last = run.stdout.splitlines()
    assert run.returncode < 0 and last.startswith("right_hand_side of"), f"{run.returncode} {last}\n{run.stderr}"


def test_a_row_left_out_is_told(tmp_path: Path) -> None:
    run = guarded(tmp_path, "leave a row out")
    assert run.returncode == 1 and "1 of 1 entries of argument 3 were not written" in run.stderr
