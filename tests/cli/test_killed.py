"""`kill -9` at random moments: folders are whole or say that they are not, what goes on ends with the same bits."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pathway.folders import FolderError, verify
from tests.cli.test_commands import SBML
from tests.cli.test_surroundings import BARE

ROOT = str(Path(__file__).parents[2])
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")

COMMANDS = {
    "run": ("run", "small.toml"),
    "fit": ("fit", "decay/decay.yaml", "--starts", "40", "--workers", "1"),
    "sample": ("sample", "decay/decay.yaml", "--draws", "150", "--tune", "60", "--chains", "2", "--workers", "1"),
    "profile": ("profile", "decay/decay.yaml", "--workers", "1"),
}


MEASURED = [2.9, 2.1, 1.75, 1.05, 0.72, 0.38, 0.25]
PETAB = {
    "decay.xml": SBML,
    "decay.yaml": """format_version: 1
parameter_file: parameters.tsv
problems:
  - sbml_files: [decay.xml]
    condition_files: [conditions.tsv]
    measurement_files: [measurements.tsv]
    observable_files: [observables.tsv]
""",
    "conditions.tsv": "conditionId\nonly\n",
    "observables.tsv": "observableId observableFormula noiseFormula\nseen scale*A 0.1\n",
    "parameters.tsv": "parameterId parameterScale lowerBound upperBound nominalValue estimate\n"
    "k log10 0.01 10 0.5 1\nscale log10 0.1 10 1 1\n",
    "measurements.tsv": "observableId simulationConditionId measurement time\n"
    + "".join(f"seen only {value} {0.7 * k + 0.1:.1f}\n" for k, value in enumerate(MEASURED)),
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(BARE, encoding="utf-8")
    Path("decay").mkdir()
    for name, text in PETAB.items():
        text = text.replace(" ", "\t") if name.endswith("tsv") else text
        Path("decay", name).write_text(text, encoding="utf-8")
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
    arguments = [sys.executable, "-m", "pathway", *COMMANDS[command], "--out", out]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    return subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)


def ends_well(process):
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err


def kill_and_go_on(command, here, rounds, seed):
    rng = random.Random(seed)
    began = time.monotonic()
    ends_well(start(command, "undisturbed"))
    whole, took = numbers(here / "undisturbed"), time.monotonic() - began
    for _ in range(rounds):
        process = start(command, "killed")
        time.sleep(rng.uniform(0.2, 1.1) * took)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        if Path("killed").exists():
            try:
                differences, others = verify(Path("killed"))
            except FolderError:
                assert not any(p for p in Path("killed").iterdir() if not p.name.startswith("."))
                continue
            assert not differences or differences[-1].startswith("unfinished"), differences
            assert all(Path(name).name.startswith(".") for name in others), others
    ends_well(start(command, "killed"))
    assert numbers(here / "killed") == whole
    assert verify(Path("killed"))[0] == []
    assert not list(here.glob(".*"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_killed_command_goes_on_and_ends_with_the_same_bits(command, here):
    kill_and_go_on(command, here, rounds=1, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_hundred_kills_change_no_bit(command, here):
    kill_and_go_on(command, here, rounds=25, seed=2)
