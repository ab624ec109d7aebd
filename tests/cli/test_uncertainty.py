"""`profile`, `sample`, `predict`, `design` as a user types them, on a problem of two parameters."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pathway
from pathway.cli import BAD_INPUT, DONE, main
from pathway.fitting.search.multi_start import fit
from pathway.fitting.uncertainty.sampling import separate_optima
from pathway.formats.saved import load_posterior, load_profiles
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
    found = load_posterior(folder)
    assert [float(r["k"]) for r in rows] == pytest.approx(found.draws[:, 0], rel=1e-11)
    assert {r["_chain"] for r in rows} == {"1", "2"}
    page = (folder / "report.html").read_text(encoding="utf-8")
    for word in ("No-U-Turn", "R-hat", "posterior of each parameter", "ranks"):
        assert word.lower() in page.lower()
    assert json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["packages"]["nutpie"]
    for kind in ("marginals", "pairs", "ranks", "traces", "energy"):
        assert (folder / f"{kind}.svg").is_file()
        assert pathway.plot(found, kind).axes
    code, out, _ = call(capsys, "plot", str(folder), "--what", "pairs", "--out", "again/pairs.pdf")
    assert code == DONE and Path("again/pairs.pdf").read_bytes().startswith(b"%PDF")
    code, _, err = call(capsys, "plot", str(folder), "--what", "pair")
    assert code == BAD_INPUT and "Did you mean 'pairs'" in err
    code, _, err = call(capsys, "plot", "results")
    assert code == BAD_INPUT and "no fit, posterior or profiles are here" in err
    code, out, err = call(capsys, "sample", "decay.yaml", *SHORT)
    assert code == DONE and "2 of 2 chains were finished before" in err and "2 chains of 150 draws" in out


def test_a_search_grows_until_enough_starts_agree(here, capsys):
    code, _, err = call(capsys, "fit", "decay.yaml", "--workers", "1", "--until-agree", "3")
    assert code == DONE and "start 3: " in err and "by 3; 1 distinct optima" in err
    assert "3 of the first 3 starts agree" in err and " left" not in err
    code, out, err = call(
        capsys, "fit", "decay.yaml", "--workers", "1", "--starts", "5", "--budget", "10 min", "--json"
    )
    assert code == DONE and "3 of 5 starts were finished before" in err and json.loads(out)["starts"] == 5


@pytest.mark.parametrize(("options", "answer"), [
    (("--budget", "3"), "--budget: '3' has no unit; write for example '3 h'"),
    (("--budget", "-3 s"), "--budget -3 s: a search needs some time"),
    (("--starts", "4", "--until-agree", "9"), "until_agree is 9; expected 2 to the number of starts, 4"),
    (("--ensemble", "calibrated", "--budget", "3 s"), "--budget: of a search for parameters"),
])  # fmt: skip
def test_what_a_search_cannot_be_asked(here, capsys, options, answer):
    code, _, err = call(capsys, "fit", "decay.yaml", *options)
    assert code == BAD_INPUT and answer in err


def test_profile_leaves_a_report_and_can_be_plotted_again(here, capsys):
    code, out, _ = call(capsys, "profile", "decay.yaml", "--parameter", "k", "--json")
    assert code == DONE
    told = json.loads(out)["k"]
    assert told["lower"] < 0.7 < told["upper"]
    folder = Path("results/decay_profiles")
    with open(folder / "profiles.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(r["value"]) for r in rows] == pytest.approx(told["values"], rel=1e-11)
    again = load_profiles(folder / "profiles.json")
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
        pathway.plot(load_posterior(_some(here), decay()), "rank")


def _some(folder):
    from pathway.fitting.objective import Objective
    from pathway.fitting.uncertainty.sampling import sample

    problem = decay()
    found = sample(Objective(problem), problem.to_scale(problem.nominal), 20, tune=50, chains=2, workers=1)
    found.save(folder / "some.npz")
    return folder / "some.npz"


def test_chains_begin_at_optima_that_are_as_good_and_lie_elsewhere():
    from pathway.fitting.search.result import Fit, StartResult

    problem = decay()
    ends = [([0.0, 0.0], 1.0), ([0.001, 0.0], 1.0), ([1.0, 0.5], 3.0), ([-1.5, 2.0], 99.0)]
    starts = [StartResult(k, value, np.array(x), np.array(x), np.zeros(2)) for k, (x, value) in enumerate(ends)]
    assert separate_optima(Fit(problem, tuple(starts), 1), 4).tolist() == [[0.0, 0.0], [1.0, 0.5]]


def test_variants_are_fitted_and_compared(here, capsys, monkeypatch):
    fit = ("fit", "decay.yaml", "--starts", "2", "--workers", "1")
    assert call(capsys, *fit)[0] == DONE
    monkeypatch.setattr(
        "pathway.formats.problems.read_problem",
        lambda file, settings=(): decay() if Path(file).stem == "decay" else decay().fixed({"scale": 3.0}),
    )
    Path("held.yaml").write_text("format_version: 1\n", encoding="utf-8")
    assert call(capsys, "fit", "held.yaml", *fit[2:], "--out", "results/held")[0] == DONE
    code, out, err = call(capsys, "compare-fits", "results/decay_fit", "results/held", "--json")
    told = json.loads(out)
    assert code == DONE and {v["name"] for v in told["variants"]} == {"decay_fit", "held"}
    assert told["ratios"][0]["held"] == {"scale": 3.0} and 0.0 < told["ratios"][0]["p"] < 1.0
    for name in ("variants.csv", "ratios.csv", "comparison.svg", "report.html"):
        assert (Path("results/comparison") / name).is_file()
    assert call(capsys, "compare-fits", "results/decay_fit", "results/held")[0] == DONE
    code, _, err = call(capsys, "compare-fits", "results/decay_fit", "results")
    assert code == BAD_INPUT and "results: no finished fit is here" in err


def test_what_is_switched_off_is_no_longer_estimated(here, capsys):
    from pathway.cli.problem_file import OpenedProblem
    from pathway.fitting.objective import Objective

    opened = OpenedProblem("fit_a_blot", ["fit.parameters=['k_PI3K', 'S6K_feedback']"], ["S6K_feedback"])
    assert "k_PI3K" in opened.problem.names and "S6K_feedback" not in opened.problem.names
    assert opened.folder.name.startswith("fit_a_blot_without_S6K_feedback_fit-fit.parameters=_k_PI3K_")
    more = OpenedProblem("fit_a_blot", None, ["FOXO_HER3_induction"])
    free = OpenedProblem(
        "fit_a_blot",
        ["fit.parameters=['k_PI3K', 'k_AKT_dephosphorylation', 'k_HER3_degradation', 'FOXO_HER3_induction']"],
    )
    assert set(free.problem.names) - set(more.problem.names) == {"FOXO_HER3_induction"}
    at = dict(zip(free.problem.names, free.problem.nominal, strict=True)) | {"FOXO_HER3_induction": 0.0}
    values = [
        Objective(p).compare(np.array([at[n] for n in p.names])).log_likelihood for p in (free.problem, more.problem)
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-9)
    code, _, err = call(capsys, "fit", "fit_a_blot", "--without", "S6K_fedback")
    assert code == BAD_INPUT and "Did you mean 'S6K_feedback'" in err
    code, _, err = call(capsys, "fit", "decay.yaml", "--without", "q")
    assert code == BAD_INPUT and "no estimated parameter is called 'q'" in err


def test_predictions_come_from_draws_or_profiles_and_say_what_their_bands_are(here, capsys):
    code, _, err = call(capsys, "predict", "decay.yaml")
    assert code == BAD_INPUT and "run 'pathway sample' or 'pathway profile' first" in err
    assert call(capsys, "profile", "decay.yaml")[0] == DONE
    code, out, _ = call(capsys, "predict", "decay.yaml", "--json")
    told = json.loads(out)
    assert code == DONE and told["level"] == 1.0 and told["band"].startswith("envelope of")
    assert all(p["low"] <= p["best"] <= p["high"] for p in told["predictions"])
    assert call(capsys, "sample", "decay.yaml", *SHORT)[0] == DONE
    code, out, err = call(capsys, "predict", "decay.yaml", "--noise", "--simultaneous", "--json")
    told = json.loads(out)
    assert code == DONE and "from the draws in results" in err
    assert (
        told["band"] == "95 % of 300 draws, each whole curve lies inside; of what would be measured, scatter included"
    )
    for name in ("predictions.csv", "prediction.svg", "report.html"):
        assert (Path("results/decay_prediction") / name).is_file()
    Path("other.csv").write_text("k,scal\n1,2\n", encoding="utf-8")
    code, _, err = call(capsys, "predict", "decay.yaml", "--draws", "other.csv")
    assert code == BAD_INPUT and "other.csv:1: there is no column scale" in err


def test_a_prediction_can_be_profiled_itself(here, capsys):
    code, out, _ = call(capsys, "predict", "decay.yaml", "--interval", "seen in only at 8", "--json")
    told = json.loads(out)["predictions"]["seen in only at 8"]
    assert code == DONE and told["lower"] < told["best"] < told["upper"] and told["verdict"] == "bounded"
    for name in ("intervals.csv", "profiles.csv", "prediction_profiles.svg", "report.html"):
        assert (Path("results/decay_prediction_profiles") / name).is_file()
    code, _, err = call(capsys, "predict", "decay.yaml", "--interval", "k")
    assert code == BAD_INPUT and "expected 'OBSERVABLE in ARM at TIME'" in err
    code, _, err = call(capsys, "predict", "decay.yaml", "--interval", "seen in only at 8", "--noise")
    assert code == BAD_INPUT and "profiles need no draws" in err


def test_a_fit_of_changed_measurements_is_told(here, capsys, monkeypatch):
    fit(decay(), starts=1, workers=1, directory="fitted")
    asked = ("predict", "decay.yaml", "--fit", "fitted", "--interval", "seen in only at 8")
    code, _, err = call(capsys, *asked)
    assert code == DONE and "any more" not in err
    first, *others = decay().measurements
    changed = replace(decay(), measurements=(replace(first, value=first.value + 0.1), *others))
    monkeypatch.setattr("pathway.formats.problems.read_problem", lambda file, settings=(): changed)
    code, _, err = call(capsys, *asked)
    assert code == DONE and "not those of this fit any more" in " ".join(err.split())


def test_designs_take_parameters_and_predictions_and_refuse_what_is_not_there(here, capsys):
    code, out, _ = call(capsys, "design", "decay.yaml", "--target", "k", "--at", "1.4", "--at", "0.1", "--json")
    told = json.loads(out)
    assert code == DONE and told["unit"] == "powers of ten"
    assert [s["time"] for s in told["suggestions"]] == [1.4, 0.1]
    code, out, _ = call(capsys, "design", "decay.yaml", "--target", "seen in only at 3", "--at", "1.4", "--at", "3")
    assert code == DONE and "standard deviation of seen in only at 3 [unit of the data]" in " ".join(out.split())
    for words, message in (
        (("--target", "kk"), "no estimated parameter is called 'kk'"),
        (("--target", "sen in only at 3"), "Did you mean 'seen'"),
        (("--target", "k", "--arm", "onli"), "Did you mean 'only'"),
        (("--target", "k", "--at", "3 parsec"), "expected a number in the model's unit of time"),
    ):
        code, _, err = call(capsys, "design", "decay.yaml", *words)
        assert code == BAD_INPUT and message in " ".join(err.split()), err
