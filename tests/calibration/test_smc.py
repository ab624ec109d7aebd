"""The sampler against posteriors in closed form: moments, evidence, modes, switches; and resuming."""

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
from calibration.populations import FINDINGS, MEASURED
from calibration.reweighting import effective_number
from calibration.sample import run
from calibration.smc import Settings, climb

from .targets import Banana, Linear, Switched, TwoModes

SMALL = Settings(members=150, first=256, rounds=2, last_rounds=4, training=300, seed=3)
ROOT = Path(__file__).parents[2]
RECIPE = Recipe("tests.calibration.targets:Linear")


def moments(history, temperature):
    weights, z = history.weights(temperature), history.merged(temperature).z
    mean = weights @ z
    return mean, weights @ (z - mean) ** 2


@pytest.mark.parametrize("findings", [False, True])
def test_a_normal_posterior_has_its_moments_and_evidence(findings):
    target = Linear()
    history = climb(target, target.answer, SMALL)
    temperature = FINDINGS if findings else MEASURED
    mean, variance = moments(history, temperature)
    exact_mean, covariance, evidence = target.exact(findings)
    deviation = np.sqrt(np.diag(covariance))
    assert np.abs((mean - exact_mean) / deviation).max() < 0.25
    assert np.sqrt(variance) / deviation == pytest.approx(np.ones(12), abs=0.25)
    assert history.log_evidence(temperature) == pytest.approx(evidence, abs=0.8)
    assert effective_number(history.weights(temperature)) > 200


def test_both_modes_keep_their_weight():
    target = TwoModes(5)
    history = climb(target, target.answer, SMALL)
    weights, z = history.weights(MEASURED), history.merged(MEASURED).z
    assert weights @ (z[:, 0] > 0) == pytest.approx(0.5, abs=0.1)
    assert weights @ np.abs(z[:, 0]) == pytest.approx(1.98, abs=0.02)  # (2/0.01)/(1 + 1/0.01)


def test_a_bent_posterior_has_its_moments_and_evidence():
    target = Banana(4)
    history = climb(target, target.answer, SMALL)
    weights, z = history.weights(MEASURED), history.merged(MEASURED).z
    mean, square, evidence = target.exact()
    assert weights @ z[:, 0] == pytest.approx(mean, abs=0.15)
    assert weights @ z[:, 0] ** 2 == pytest.approx(square, abs=0.12)
    assert history.log_evidence(MEASURED) == pytest.approx(evidence, abs=0.2)


def test_switches_have_their_probabilities_and_a_cheap_coordinate_its_mean():
    target = Switched()
    history = climb(target, target.answer, replace(SMALL, members=400, first=512))
    weights, z = history.weights(MEASURED), history.merged(MEASURED).z
    shares, size, evidence = target.exact()
    on = target.on(z)
    for pattern, share in shares.items():
        assert weights @ (on == pattern).all(axis=1) == pytest.approx(share, abs=0.09)
    assert weights @ z[:, 3] == pytest.approx(size, abs=0.12)
    assert history.log_evidence(MEASURED) == pytest.approx(evidence, abs=0.2)


def test_a_poor_emulator_costs_acceptance_and_not_truth():
    target = Linear(dimension=4, informed=3, data=12, error=0.5)
    target.features = lambda z: np.abs(z[:, :2])  # neither signs nor the third coordinate
    history = climb(target, target.answer, Settings(members=300, first=512, rounds=4, last_rounds=6, training=300))
    mean, variance = moments(history, FINDINGS)
    exact_mean, covariance, evidence = target.exact(True)
    deviation = np.sqrt(np.diag(covariance))
    assert max(wave["acceptance"] for wave in history.waves[-6:]) < 0.6
    assert np.abs((mean - exact_mean) / deviation).max() < 0.35
    assert np.sqrt(variance) / deviation == pytest.approx(np.ones(4), abs=0.3)
    assert history.log_evidence(FINDINGS) == pytest.approx(evidence, abs=0.5)


def test_draws_that_cannot_be_simulated_count_as_impossible():
    target = Linear()
    whole = target.simulate
    target.simulate = lambda z: np.where(z[:, 6:7] > 0, whole(z), np.nan)
    whole_likelihood = target.log_likelihood
    target.log_likelihood = lambda z, s: np.nan_to_num(whole_likelihood(z, s), nan=-np.inf)
    history = climb(target, target.answer, SMALL)
    z = history.merged(MEASURED).z
    assert (z[:, 6] > 0).all()
    assert history.success == pytest.approx(0.5, abs=0.05)
    assert history.log_evidence(MEASURED) == pytest.approx(target.exact(False)[2] - np.log(2), abs=0.8)


# Pieces


def bits(folder):
    with np.load(folder / "populations.npz") as stored:
        return {name: stored[name].tobytes() for name in stored.files}


def test_a_run_ends_with_equal_bits_whoever_works_on_it(tmp_path):
    small = Settings(members=40, first=64, rounds=1, last_rounds=2, training=60)
    for name, workers in (("one", 1), ("two", 2)):
        run(RECIPE, small, tmp_path / name, {"problem": "test"}, workers, piece=16, quiet=True)
    assert bits(tmp_path / "one") == bits(tmp_path / "two")
    again = run(RECIPE, small, tmp_path / "one", {"problem": "test"}, piece=16, quiet=True)
    assert len(again.populations) > 2


def test_a_used_up_budget_stops_and_a_larger_one_goes_on(tmp_path):
    small = Settings(members=40, first=64, rounds=1, last_rounds=2, training=60)
    with pytest.raises(BudgetError, match="--budget"):
        run(RECIPE, small, tmp_path / "a", {"problem": "test"}, budget=1e-9, piece=16, quiet=True)
    run(RECIPE, small, tmp_path / "a", {"problem": "test"}, piece=16, quiet=True)
    run(RECIPE, small, tmp_path / "b", {"problem": "test"}, piece=16, quiet=True)
    assert bits(tmp_path / "a") == bits(tmp_path / "b")


def test_a_piece_of_other_coordinates_is_made_anew_and_more_rounds_go_on(tmp_path):
    small = Settings(members=40, first=64, rounds=1, last_rounds=2, training=60)
    more = replace(small, last_rounds=4)
    run(RECIPE, small, tmp_path / "a", {"problem": "test"}, piece=16, quiet=True)
    run(RECIPE, more, tmp_path / "a", {"problem": "test"}, piece=16, quiet=True)
    run(RECIPE, more, tmp_path / "b", {"problem": "test"}, piece=16, quiet=True)
    assert bits(tmp_path / "a") == bits(tmp_path / "b")


KILLED = """
import sys
from pathlib import Path
from calibration.pieces import Recipe
from calibration.populations import FINDINGS, MEASURED, History, Population
from calibration.sample import run
from calibration.smc import Settings
small = Settings(members=40, first=64, rounds=1, last_rounds=2, training=60)
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
    before = {p: p.stat().st_mtime_ns for p in pieces.glob("wave*.npz")}
    for name in ("killed", "whole"):
        done = begun(name, "0.0") if name == "whole" else begun(name, "0.3")
        assert done.communicate()[1] is not None and done.returncode == 0
    assert bits(tmp_path / "killed") == bits(tmp_path / "whole")
    assert all(p.stat().st_mtime_ns == when for p, when in before.items())
