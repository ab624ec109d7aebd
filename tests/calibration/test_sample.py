"""Runs of the sampler in pieces: equal bits for any workers, after a stop, a kill, or with more rounds."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration.pieces import BudgetError, Recipe
from calibration.sample import run
from calibration.settling import Settings, planned_runs

SMALL = Settings(members=40, first=64, starting=2, burn_in=2, settled=2)
ROOT = Path(__file__).parents[2]
RECIPE = Recipe("tests.calibration.targets:Linear")


def bits(folder):
    with np.load(folder / "populations.npz") as stored:
        return {name: stored[name].tobytes() for name in stored.files}


def test_a_run_ends_with_equal_bits_whoever_works_on_it(tmp_path):
    for name, workers in (("one", 1), ("two", 2)):
        run(RECIPE, SMALL, tmp_path / name, {"problem": "test"}, workers, piece=16, quiet=True)
    assert bits(tmp_path / "one") == bits(tmp_path / "two")
    again = run(RECIPE, SMALL, tmp_path / "one", {"problem": "test"}, piece=16, quiet=True)
    assert len(again.populations) == 1 + 2 * SMALL.settled
    planned = planned_runs(RECIPE.make(), SMALL, goes_on=False)
    assert planned == sum(len(np.load(piece)["simulated"]) for piece in (tmp_path / "one" / "pieces").glob("*.npz"))


def test_a_used_up_budget_stops_and_a_larger_one_goes_on(tmp_path):
    with pytest.raises(BudgetError, match="--budget"):
        run(RECIPE, SMALL, tmp_path / "a", {"problem": "test"}, budget=1e-9, piece=16, quiet=True)
    run(RECIPE, SMALL, tmp_path / "a", {"problem": "test"}, piece=16, quiet=True)
    run(RECIPE, SMALL, tmp_path / "b", {"problem": "test"}, piece=16, quiet=True)
    assert bits(tmp_path / "a") == bits(tmp_path / "b")


def test_a_piece_of_other_coordinates_is_made_anew_and_more_rounds_go_on(tmp_path):
    more = replace(SMALL, settled=4)
    run(RECIPE, SMALL, tmp_path / "a", {"problem": "test"}, piece=16, quiet=True)
    run(RECIPE, more, tmp_path / "a", {"problem": "test"}, piece=16, quiet=True)
    run(RECIPE, more, tmp_path / "b", {"problem": "test"}, piece=16, quiet=True)
    assert bits(tmp_path / "a") == bits(tmp_path / "b")


KILLED = """
import sys
from pathlib import Path
from calibration.pieces import Recipe
from calibration.sample import run
from calibration.settling import Settings
small = Settings(members=40, first=64, starting=2, burn_in=2, settled=2)
recipe = Recipe("tests.calibration.targets:slow", (("seconds", float(sys.argv[2])),))
run(recipe, small, Path(sys.argv[1]), {"problem": "test"}, piece=16)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_killed_run_goes_on_with_the_bits_of_an_undisturbed_one(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}

    def begun(name, seconds):
        command = [sys.executable, "-c", KILLED, str(tmp_path / name), seconds]
        return subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE)

    process = begun("killed", "0.3")
    pieces = tmp_path / "killed" / "pieces"
    end = time.monotonic() + 120
    while len(list(pieces.glob("*.npz"))) < 6 and time.monotonic() < end and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()
    process.kill()
    process.communicate()
    assert not (tmp_path / "killed" / "populations.npz").exists()
    before = {p: p.stat().st_mtime_ns for p in pieces.glob("*.npz")}
    for name in ("killed", "whole"):
        done = begun(name, "0.0") if name == "whole" else begun(name, "0.3")
        assert done.communicate()[1] is not None and done.returncode == 0
    assert bits(tmp_path / "killed") == bits(tmp_path / "whole")
    assert all(p.stat().st_mtime_ns == when for p, when in before.items())
