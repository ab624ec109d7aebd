"""Analyses, judging of draws and sampling of the ensemble on a real local cluster that loses a worker."""

import json

import pytest

import pathway
from calibration.sample import run
from pathway.cli import DONE, main
from pathway.folders import verify_folder
from tests.calibration.test_sample import RECIPE, SMALL, bits
from tests.cli.test_commands import SMALL as SCENARIO
from tests.cluster import cluster_that_loses_a_worker

SCREEN = (
    "screen", "small.toml", "--kinds", "species", "--pairs", "3", "--ensemble", "prior", "--draws", "30",
)  # fmt: skip


def numbers(folder):
    assert verify_folder(folder) == ([], [])
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_worker_gives_the_same_bits(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", pathway.__path__[0].removesuffix("pathway"))
    (tmp_path / "small.toml").write_text(SCENARIO, encoding="utf-8")
    assert main([*SCREEN, "--workers", "1", "--out", "here"]) == DONE
    verdicts = pathway.validate("small.toml", prior=120, ensemble="none", workers=1).content
    control = {"method": "control", "ensemble": "prior", "draws": 4}
    here = pathway.sensitivity("small.toml", workers=1, **control).content
    run(RECIPE, SMALL, tmp_path / "sampled", {"problem": "test"}, piece=16, quiet=True)
    with cluster_that_loses_a_worker(lambda _: len(list(tmp_path.glob("there.parts/*.npz"))) >= 3) as client:
        address = client.scheduler_info()["address"]
        assert main([*SCREEN, "--dask", address, "--out", "there"]) == DONE
        again = ["validate", "--scenario", "small.toml", "--prior", "120", "--ensemble", "none", "--json"]
        capsys.readouterr()
        assert main([*again, "--dask", address]) == DONE
        judged = json.loads(capsys.readouterr().out)
        there = pathway.sensitivity("small.toml", executor=client, **control).content
        run(RECIPE, SMALL, tmp_path / "spread", {"problem": "test"}, piece=16, quiet=True, dask=address)
    assert numbers(tmp_path / "here") == numbers(tmp_path / "there") != {}
    assert not list(tmp_path.glob("*.parts"))
    assert judged["expectations"] == json.loads(json.dumps(verdicts["expectations"]))
    assert judged["expectations"][0]["prior_pass_fraction"] is not None
    assert there == here
    assert bits(tmp_path / "sampled") == bits(tmp_path / "spread")
