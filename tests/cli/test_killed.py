"""`kill -9` at random moments: folders are whole or say that they are not, what goes on ends with the same bits."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pathway.folders import FolderError, verify_folder
from pathway.simulation import open_ensemble
from tests.cli.decay import write_decay
from tests.cli.test_surroundings import BARE

ROOT = str(Path(__file__).parents[2])
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")

COMMANDS = {
    "run": ("run", "small.toml"),
    "fit": ("fit", "decay/decay.yaml", "--starts", "40", "--workers", "1"),
    "sample": ("sample", "decay/decay.yaml", "--draws", "150", "--tune", "60", "--chains", "2", "--workers", "1"),
    "screen": ("screen", "small.toml", "--kinds", "species", "--pairs", "3", "--ensemble", "prior", "--draws", "20"),
    "profile": ("profile", "decay/decay.yaml", "--workers", "1"),
}
FILES = {
    "ensemble": "import numpy as np, pathway; from pathway.simulation import simulate_to_file; "
    "model = pathway.load('decay/decay.xml'); rows = np.tile(model.parameter_values, (6000, 1)); "
    "rows[:, model.parameters.index('k')] = np.geomspace(0.01, 10.0, 6000); "
    "simulate_to_file(model, np.linspace(0.0, 5.0, 40), rows, {out!r}, chunk=50)",
    **{
        to: f"import sys; from pathway.cli import main; sys.exit(main(['export', {name!r}, '--to', {to!r}, '--out', "
        "{out!r}]))"
        for name, to in (("bt474", "sbml"), ("untreated_rest", "omex"), ("bt474", "latex"))
    },
}
"""What writes one file, as Python."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(BARE, encoding="utf-8")
    write_decay(tmp_path)
    return tmp_path


def numbers(folder):
    """What was found, without times and versions."""
    found = {p.name: p.read_bytes() for p in folder.glob("*.csv")}
    if (folder / "fit.json").is_file():
        starts = json.loads((folder / "fit.json").read_text())["starts"]
        found["fit.json"] = [{k: v for k, v in start.items() if k != "seconds"} for start in starts]
        found.pop("starts.csv", None)
    if (folder / "posterior.npz").is_file():
        with np.load(folder / "posterior.npz", allow_pickle=False) as stored:
            found["posterior.npz"] = {name: stored[name].tobytes() for name in stored.files if name != "said"}
    if (folder / "profiles.json").is_file():
        found["profiles.json"] = json.loads((folder / "profiles.json").read_text())
    return found


def start(command, out):
    code = ("-c", FILES[command].format(out=out)) if command in FILES else ()
    arguments = [sys.executable, *(code or ("-m", "pathway", *COMMANDS[command], "--out", out))]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    return subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)


def ends_well(process):
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err


def undisturbed(command):
    """Seconds; what compiles is there already."""
    ends_well(start(command, "undisturbed"))
    began = time.monotonic()
    ends_well(start(command, "twice"))
    return time.monotonic() - began


def killed(command, took, rng):
    process = start(command, "killed")
    time.sleep(rng.uniform(0.2, 1.1) * took)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()


def kill_and_go_on(command, here, rounds, seed):
    rng, took = random.Random(seed), undisturbed(command)
    whole = numbers(here / "undisturbed")
    for _ in range(rounds):
        killed(command, took, rng)
        if Path("killed").exists():
            try:
                differences, others = verify_folder(Path("killed"))
            except FolderError:
                assert not any(p for p in Path("killed").iterdir() if not p.name.startswith("."))
                continue
            assert not differences or differences[-1].startswith("unfinished"), differences
            assert all(Path(name).name.startswith(".") for name in others), others
            if not differences:
                assert numbers(here / "killed") == whole
                shutil.rmtree("killed")  # or the next would find nothing to do
    ends_well(start(command, "killed"))
    assert numbers(here / "killed") == whole
    assert verify_folder(Path("killed"))[0] == []
    assert not list(here.glob(".*")) and not list(here.glob("*.parts"))


def kill_and_write_again(command, here, rounds, seed):
    """Of a file that is written in one piece: it is whole or not there. An ensemble says what it has, and goes on."""
    rng, took = random.Random(seed), undisturbed(command)
    for _ in range(rounds):
        killed(command, took, rng)
        if Path("killed").exists():
            if command == "ensemble":
                opened, whole = open_ensemble("killed"), open_ensemble("undisturbed").values
                same = (opened.values == whole).all(axis=(1, 2))
                assert same.sum() == opened.n_done and np.isnan(opened.values[~same]).all()
                if opened.n_done == opened.n_members:
                    Path("killed").unlink()
                    shutil.rmtree("killed.parts", ignore_errors=True)  # killed while it went
            else:
                assert Path("killed").read_bytes() == Path("undisturbed").read_bytes()
                Path("killed").unlink()
    ends_well(start(command, "killed"))
    if command == "ensemble":
        assert np.array_equal(open_ensemble("killed").values, open_ensemble("undisturbed").values)
        assert not Path("killed.parts").exists()
    else:
        assert Path("killed").read_bytes() == Path("undisturbed").read_bytes()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_killed_command_goes_on_and_ends_with_the_same_bits(command, here):
    kill_and_go_on(command, here, rounds=1, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_eighty_kills_change_no_bit_of_a_folder(command, here):
    kill_and_go_on(command, here, rounds=20, seed=2)


@pytest.mark.slow
@pytest.mark.parametrize(("command", "rounds"), [("ensemble", 20), ("sbml", 7), ("omex", 7), ("latex", 6)])
def test_forty_kills_leave_no_part_of_a_file(command, rounds, here):
    kill_and_write_again(command, here, rounds, seed=3)
