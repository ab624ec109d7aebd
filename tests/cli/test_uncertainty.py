"""`profile`, `sample`, `predict`, `design` as a user types them, on a problem of two parameters."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import pathway
from pathway.cli import BAD_INPUT, DONE, main
from pathway.fitting.uncertainty.profiles import load_profiles
from pathway.fitting.uncertainty.sampling import load_posterior, separate_ends
from tests.fitting.test_search import decay


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder in which `decay.yaml` is the exponential decay of the search's tests."""
    monkeypatch.chdir(tmp_path)
    Path("decay.yaml").write_text("format_version: 1\n", encoding="utf-8")
    monkeypatch.setattr("pathway.formats.problems.read_problem", lambda file, settings=(): decay())
    return tmp_path


def call(capsys, *arguments):
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


SHORT = ("--draws", "150", "--tune", "60", "--chains", "2", "--workers", "1")


def test_sample_leaves_draws_diagnoses_and_a_report(here, capsys):
    code, out, err = call(capsys, "sample", "decay.yaml", *SHORT, "--json")
    assert code == DONE and "no fit in" in err
    told = json.loads(out)
    assert told["method"] == "nuts" and told["divergences"] == 0 and told["draws"] == 300
    assert told["parameters"]["k"]["low"] < 0.7 < told["parameters"]["k"]["high"]
    assert told["converged"] == (not any("R-hat" in c or "effective" in c for c in told["concerns"]))
    folder = Path("results/decay_posterior")
    with open(folder / "draws.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found = load_posterior(folder / "posterior.pickle")
    assert [float(r["k"]) for r in rows] == pytest.approx(found.draws[:, 0], rel=1e-11)
    assert {r["_chain"] for r in rows} == {"1", "2"}
    page = (folder / "report.html").read_text(encoding="utf-8")
    for word in ("No-U-Turn", "R-hat", "posterior of each parameter", "ranks"):
        assert word.lower() in page.lower()
    for kind in ("marginals", "pairs", "ranks", "traces", "energy"):
        assert (folder / f"{kind}.svg").is_file()
        assert pathway.plot(found, kind).axes
    code, out, err = call(capsys, "sample", "decay.yaml", *SHORT)
    assert code == DONE and "2 of 2 chains were finished before" in err and "2 chains of 150 draws" in out


def test_profile_leaves_a_report_and_can_be_plotted_again(here, capsys):
    code, out, _ = call(capsys, "profile", "decay.yaml", "--parameter", "k", "--json")
    assert code == DONE
    told = json.loads(out)["k"]
    assert told["lower"] < 0.7 < told["upper"]
    folder = Path("results/decay_profiles")
    with open(folder / "profiles.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(r["value"]) for r in rows] == pytest.approx(told["values"], rel=1e-11)
    again = load_profiles(folder / "profiles.pickle")
    assert list(again) == ["k"] and again.inside().shape[1] == 2
    assert pathway.plot(again).axes
    assert "held from both sides at 95 % confidence" in (folder / "report.html").read_text(encoding="utf-8")


def test_wrong_names_get_the_nearest_right_ones(here, capsys):
    code, _, err = call(capsys, "profile", "decay.yaml", "--parameter", "scal")
    assert code == BAD_INPUT and "no estimated parameter is called 'scal'. Did you mean 'scale'?" in err
    code, _, err = call(capsys, "sample", "decay.yaml", "--method", "gibs")
    assert code == BAD_INPUT and "no sampler is called 'gibs'" in err
    code, _, err = call(capsys, "sample", "decay.yaml", "--out", "draws.csv")
    assert code == BAD_INPUT and "name a folder" in err
    with pytest.raises(ValueError, match="no figure 'rank' of a posterior"):
        pathway.plot(load_posterior(_some(here)), "rank")


def _some(folder):
    from pathway.fitting.objective import Objective
    from pathway.fitting.uncertainty.sampling import sample

    problem = decay()
    found = sample(Objective(problem), problem.to_scale(problem.nominal), 20, tune=50, chains=2, workers=1)
    found.save(folder / "some.pickle")
    return folder / "some.pickle"


def test_chains_begin_at_optima_that_are_as_good_and_lie_elsewhere():
    from pathway.fitting.search.result import Fit, Start

    problem = decay()
    ends = [([0.0, 0.0], 1.0), ([0.001, 0.0], 1.0), ([1.0, 0.5], 3.0), ([-1.5, 2.0], 99.0)]
    starts = [Start(k, value, np.array(x), np.array(x), np.zeros(2)) for k, (x, value) in enumerate(ends)]
    assert separate_ends(Fit(problem, tuple(starts), 1), 4).tolist() == [[0.0, 0.0], [1.0, 0.5]]
