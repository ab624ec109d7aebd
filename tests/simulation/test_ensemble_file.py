"""Ensembles on disk: open at any time, go on after being killed with the same bits, keep what failed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pathway.errors import InputError
from pathway.simulation import open_ensemble, simulate_ensemble, simulate_to_file
from tests.simulation.models import toggle

TIMES = np.linspace(0.0, 20.0, 11)
ROOT = str(Path(__file__).parents[2])


def draws(n: int, seed: int = 0) -> np.ndarray:
    return toggle().parameter_values * np.exp(0.3 * np.random.default_rng(seed).normal(size=(n, 5)))


def with_failures(n: int) -> np.ndarray:
    members = draws(n)
    members[[3, 11], 0] = np.nan
    return members


def test_failures_stay_with_their_reasons(tmp_path: Path) -> None:
    members = with_failures(20)
    written = simulate_to_file(toggle(), TIMES, members, tmp_path / "e.nc", chunk=8)
    direct = simulate_ensemble(toggle(), TIMES, members)
    again = open_ensemble(tmp_path / "e.nc")
    assert written.failures == again.failures == {k: str(e) for k, e in direct.failures.items()}
    assert list(again.failures) == [3, 11] and again.n_done == 20
    assert np.array_equal(again.values, direct.values, equal_nan=True)
    assert [p.name for p in tmp_path.iterdir()] == ["e.nc"]


def test_what_is_there_already_is_not_computed_again_and_others_are_refused(tmp_path: Path, monkeypatch) -> None:
    path, members = tmp_path / "e.nc", draws(20)
    simulate_to_file(toggle(), TIMES, members, path, chunk=8)
    before = path.read_bytes()
    monkeypatch.setattr("pathway.simulation.ensemble_file.simulate_ensemble", None)
    assert simulate_to_file(toggle(), TIMES, members, path, chunk=8).n_done == 20
    with pytest.raises(InputError, match="member 16 and those after it were run with other parameters"):
        simulate_to_file(toggle(), TIMES, np.concatenate([members[:16], draws(4, seed=5)]), path, chunk=8)
    with pytest.raises(InputError, match="an ensemble of another model, other times, parameters or options"):
        simulate_to_file(toggle(), TIMES, members, path, chunk=8, relative_tolerance=1e-4)
    with pytest.raises(InputError, match="of another model"):
        simulate_to_file(toggle(), TIMES + 1.0, members, path, chunk=8)
    assert path.read_bytes() == before
    (tmp_path / "notes.txt").write_text("dear")
    with pytest.raises(InputError, match="something else stands there"):
        simulate_to_file(toggle(), TIMES, members, tmp_path / "notes.txt")
    with pytest.raises(InputError, match="cannot be read as an ensemble"):
        open_ensemble(tmp_path / "notes.txt")


def test_an_unfinished_ensemble_opens_and_a_damaged_part_is_made_anew(tmp_path: Path) -> None:
    path, members = tmp_path / "e.nc", with_failures(30)

    def stop(done: int, of: int) -> None:
        if done == 24:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_to_file(toggle(), TIMES, members, path, chunk=8, progress=stop)
    whole = simulate_ensemble(toggle(), TIMES, members).values
    begun = open_ensemble(path)
    assert (begun.n_members, begun.n_done, list(begun.failures)) == (30, 24, [3, 11])
    assert np.array_equal(begun.values[:24], whole[:24], equal_nan=True) and np.isnan(begun.values[24:]).all()
    (part, *_) = sorted((tmp_path / "e.nc.parts").iterdir())
    part.write_bytes(part.read_bytes()[:100])
    assert open_ensemble(path).n_done == 16
    with pytest.raises(InputError, match="other times, parameters or options"):
        simulate_to_file(toggle(), TIMES, draws(30, seed=5), path, chunk=8)
    ended = simulate_to_file(toggle(), TIMES, members, path, chunk=8)
    assert list(ended.failures) == [3, 11] and np.array_equal(ended.values, whole, equal_nan=True)


def test_a_function_of_parameters_needs_their_number_and_a_rate_is_members_per_second(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="n_members: needed when parameters is a function"):
        simulate_to_file(toggle(), TIMES, lambda first, last: draws(last - first), tmp_path / "e.nc")
    written = simulate_to_file(toggle(), TIMES, draws(4), tmp_path / "e.nc")
    assert written.rate == 4 / written.seconds


def test_one_that_was_killed_before_its_file_stood_there_is_begun_again(tmp_path: Path) -> None:
    path, members = tmp_path / "e.nc", with_failures(16)
    (tmp_path / "e.nc.parts").mkdir()
    (tmp_path / "e.nc.parts" / ".e.nc.123").write_bytes(b"half of it")
    ended = simulate_to_file(toggle(), TIMES, members, path, chunk=8)
    assert np.array_equal(ended.values, simulate_ensemble(toggle(), TIMES, members).values, equal_nan=True)
    assert [p.name for p in tmp_path.iterdir()] == ["e.nc"]
    (tmp_path / "f.nc.parts").mkdir()
    (tmp_path / "f.nc.parts" / "mine.txt").write_bytes(b"of somebody else")
    with pytest.raises(InputError, match="something else stands there"):
        simulate_to_file(toggle(), TIMES, members, tmp_path / "f.nc", chunk=8)


def test_one_that_was_killed_while_its_folder_went_computes_nothing_again(tmp_path: Path, monkeypatch) -> None:
    path, members = tmp_path / "e.nc", with_failures(20)

    def killed(folder: Path) -> None:
        next(folder.glob("members_*")).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pathway.simulation.ensemble_file.shutil.rmtree", killed)
        simulate_to_file(toggle(), TIMES, members, path, chunk=8)
    before = path.read_bytes()
    assert open_ensemble(path).n_done == 20 and (tmp_path / "e.nc.parts").is_dir()
    monkeypatch.setattr("pathway.simulation.ensemble_file.simulate_ensemble", None)
    assert list(simulate_to_file(toggle(), TIMES, members, path, chunk=8).failures) == [3, 11]
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["e.nc"]


SCRIPT = """
import os, signal, sys, threading, time
sys.path.insert(0, {root!r})
from tests.simulation.test_ensemble_file import TIMES, simulate_to_file, toggle, with_failures
if {delay}:
    threading.Thread(target=lambda: (time.sleep({delay}), os.kill(os.getpid(), signal.SIGKILL)), daemon=True).start()
simulate_to_file(toggle(), TIMES, with_failures(600), {path!r}, chunk=4, workers=1)
"""


def kill_and_go_on(tmp_path: Path, rounds: int, seed: int) -> None:
    rng, path = random.Random(seed), tmp_path / "e.nc"
    whole = simulate_ensemble(toggle(), TIMES, with_failures(600))
    killed = 0
    while killed < rounds:
        script = SCRIPT.format(root=ROOT, path=str(path), delay=0.02 + 0.4 * rng.random())
        code = subprocess.run([sys.executable, "-c", script], timeout=120).returncode
        killed += code == -signal.SIGKILL
        if path.exists():
            found = open_ensemble(path)
            there = ~np.isnan(found.values).all(axis=(1, 2))
            assert np.array_equal(found.values[there], whole.values[there]) and found.n_done >= there.sum()
        if code == 0:
            assert np.array_equal(open_ensemble(path).values, whole.values, equal_nan=True)
            assert not (tmp_path / "e.nc.parts").exists()
            path.unlink()
    subprocess.run([sys.executable, "-c", SCRIPT.format(root=ROOT, path=str(path), delay=0)], timeout=120, check=True)
    assert np.array_equal(open_ensemble(path).values, whole.values, equal_nan=True)
    assert open_ensemble(path).failures == {k: str(e) for k, e in whole.failures.items()}


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_killed_ensembles_open_and_end_with_the_same_bits(tmp_path: Path) -> None:
    kill_and_go_on(tmp_path, rounds=4, seed=1)


@pytest.mark.slow
def test_a_hundred_killed_ensembles_end_with_the_same_bits(tmp_path: Path) -> None:
    kill_and_go_on(tmp_path, rounds=100, seed=2)


def test_a_finished_file_has_the_dimensions_that_netcdf_wants(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    simulate_to_file(toggle(), TIMES, with_failures(20), tmp_path / "e.nc", chunk=8)
    dimensions = {
        "values": ("member", "time", "quantity"),
        "parameters_sha256": ("part",),
        "failure": ("failed_member",),
    }
    with h5py.File(tmp_path / "e.nc") as file:
        for name, along in dimensions.items():
            assert [scale[0].name for scale in file[name].dims] == [f"/{axis}" for axis in along]
        assert file["part"][:].tolist() == [0, 8, 16] and file["time"][:].tolist() == TIMES.tolist()
