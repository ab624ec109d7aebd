"""What one command has made, another does not take away; and no file of results runs a program."""

import os
import pickle
from pathlib import Path

import pytest

from pathway.cli import BAD_INPUT, DONE, NOT_MET, main
from pathway.folders import verify_folder
from tests.cli.test_surroundings import BARE
from tests.fitting.test_search import decay


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(BARE, encoding="utf-8")
    Path("other.toml").write_text(BARE.replace("skbr3", "bt474"), encoding="utf-8")
    Path("decay.yaml").write_text("format_version: 1\n", encoding="utf-8")
    monkeypatch.setattr("pathway.formats.problems.read_problem", lambda file, settings=(): decay())
    return tmp_path


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


FIT = ("fit", "decay.yaml", "--starts", "1", "--workers", "1")


def test_a_run_does_not_replace_a_fit_nor_a_fit_a_run(here, capsys):
    assert main([*FIT, "--out", "F"]) == DONE
    before = contents(here / "F")
    assert main(["run", "small.toml", "--out", "F"]) == BAD_INPUT
    err = capsys.readouterr().err
    assert "F: holds a fit of 'decay', not a run" in err and contents(here / "F") == before
    assert main(["run", "small.toml", "--out", "R"]) == DONE
    before = contents(here / "R")
    assert main([*FIT, "--out", "R"]) == BAD_INPUT
    assert "R: holds a run of 'small', not a fit" in capsys.readouterr().err and contents(here / "R") == before
    assert main([*FIT, "--out", "R", "--force"]) == DONE
    assert verify_folder(here / "R") == ([], [])


def test_runs_within_a_folder_of_runs_stay(here, capsys):
    assert main(["run", "small.toml", "--out", "results"]) == DONE
    assert main(["run", "other.toml"]) == DONE
    before = contents(here / "results" / "other")
    assert main(["run", "small.toml", "--out", "results"]) == DONE
    assert "kept what is not of this result: other" in capsys.readouterr().err
    assert contents(here / "results" / "other") == before and verify_folder(here / "results" / "other") == ([], [])


def test_settings_that_differ_have_folders_that_differ(here, capsys):
    assert main(["run", "small.toml"]) == DONE
    for setting in ("k_PTEN=0.5 x", "k_PTEN=0.4 x", "dose.t.amount=1 ug/mL"):
        assert main(["run", "small.toml", "--set", setting]) == DONE
    names = {p.name for p in (here / "results").iterdir()}
    assert {"small", "small-k_PTEN=0.5_x", "small-k_PTEN=0.4_x"} < names and len(names) == 4
    assert main(["run", "small.toml", "--set", "k_PTEN=0.5 x", "--out", "results/small"]) == BAD_INPUT
    assert "with other settings (settings none instead of k_PTEN=0.5 x)" in capsys.readouterr().err


def test_verify_says_what_differs_and_has_exit_codes(here, capsys):
    assert main(["run", "small.toml"]) == DONE
    capsys.readouterr()
    assert main(["verify", "results/small"]) == DONE and "as it was written" in capsys.readouterr().out
    Path("results/small/arms.csv").write_text("edited")
    assert main(["verify", "results/small"]) == NOT_MET
    assert capsys.readouterr().out == "arms.csv: is not the file that was written\n"
    assert main(["verify", "results"]) == BAD_INPUT
    assert "holds no manifest.json" in capsys.readouterr().err


class Payload:
    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.mark.parametrize("name", ["fit", "posterior", "profiles"])
def test_a_pickle_of_an_earlier_version_is_refused_and_not_run(name, here, capsys):
    Path("old").mkdir()
    Path("old", f"{name}.pickle").write_bytes(pickle.dumps(Payload()))
    Path("old", "provenance.json").write_text('{"command": ["pathway", "fit", "my blots.toml"]}')
    asked = [["plot", "old"], ["compare-fits", "old", "old/../old"], ["predict", "decay.yaml", "--draws", "old"]]
    for command in asked[: 2 if name == "fit" else 1] + (asked[2:] if name == "profiles" else []):
        assert main(command) == BAD_INPUT
        err = capsys.readouterr().err.strip().splitlines()[-1]
        assert f"{name}.pickle: a pickle of an earlier version" in err
        assert err.endswith("do it again: pathway fit 'my blots.toml'")
    assert not Path("executed").exists()


def test_a_file_of_work_that_is_a_pickle_is_not_run_on_resume(here, capsys):
    assert main(["profile", "decay.yaml", "--parameter", "k"]) == DONE
    kept = Path("results/decay_profiles/profile_000.json")
    before = kept.read_bytes()
    kept.write_bytes(pickle.dumps(Payload()))
    assert main(["profile", "decay.yaml", "--parameter", "k"]) == DONE
    assert kept.read_bytes() == before and not Path("executed").exists()
