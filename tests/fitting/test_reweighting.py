"""An ensemble re-weighted by measurements: against closed forms, against a user's own lines, and a simulated bench."""

import json
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import pathway
from pathway.cli import BAD_INPUT, DONE, main
from pathway.fitting.laboratory.member_likelihood import member_log_likelihoods
from pathway.fitting.laboratory.reweighting import Reweighting, reweight
from pathway.parameters import ParameterError
from pathway.parameters.parameter_ensemble import read_ensemble, write_ensemble
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.members import run_members
from pathway.scenario.sampled_cell_lines import SampledCellLines, parameter_sets_of_ensemble
from tests.parameters.ensembles import drawn_ensemble

COUNT = 5
BENCH = """
title = "My own bench"
cells = "bt474_resistant"
time = { end = "4 h", record_every = "1 h" }
dose.l = { agent = "lapatinib", amount = "1 uM" }
[[arm]]
name = "untreated"
[[arm]]
name = "lapatinib"
doses = ["l"]
[show]
observables = ["pAKT", "HER2_total"]
[data]
file = "points.csv"
[fit]
parameters = ["k_PI3K"]
prior = "none"
"""
GIVEN = """
[fit.observable.{name}]
scale = "none"
noise = "given"
distribution = "normal"
"""
HEADLINE = """
[[expect]]
claim = "pAKT is lowered"
role = "sanity"
headline = true
quantity = "pAKT"
ratio = "lapatinib / untreated"
below = 0.5
"""


@cache
def ensemble():
    return drawn_ensemble(COUNT, seed=3, spread=0.25)


def every_member(of=None):
    laboratory, of = built_in_laboratory(), of or ensemble()
    return parameter_sets_of_ensemble(laboratory.model, of, np.ones(len(of)))


def bench(folder, points, more="", text=BENCH):
    folder.mkdir(exist_ok=True)
    (folder / "points.csv").write_text(points, encoding="utf-8")
    (folder / "bench.toml").write_text(text + more, encoding="utf-8")
    return read_scenario(folder / "bench.toml")


def decay(laboratory, of=None):
    """The decay of miR-21 in each member by hand: its own numbers alone decide it, so no run is needed to know it."""
    own = SampledCellLines(laboratory, every_member(of)).line("bt474_resistant").parameters
    names = ("k_miRNA_decay", "miR4728_stabilization", "HER2_level", "K_miR4728")
    k, gain, level, half = (own[:, laboratory.model.parameter_index(name)] for name in names)
    return k / (gain * level / (half + level) + 1.0)


def one_point(value, error):
    return f"arm,time,observable,value,unit,error,error_kind\nuntreated,0 h,miR21_decay,{value},1/h,{error},sd\n"


def test_one_measurement_with_its_error_has_the_normal_density_at_what_each_member_shows(tmp_path):
    laboratory = built_in_laboratory()
    shown = decay(laboratory)
    measured, error = 1.1 * float(np.median(shown)), float(np.std(shown))
    scenario = bench(tmp_path, one_point(measured, error), GIVEN.format(name="miR21_decay"))
    found = member_log_likelihoods(scenario, laboratory, every_member())
    assert len(set(shown)) == COUNT
    expected = -0.5 * ((shown - measured) / error) ** 2 - math.log(error * math.sqrt(2.0 * math.pi))
    assert found.refused == {}
    assert found.values == pytest.approx(expected, rel=0, abs=1e-10)
    made = ensemble().reweighted(found.values, "user:mine")
    for name in ("weights_measured", "weights_findings"):
        product = getattr(ensemble(), name) * np.exp(expected)
        assert getattr(made, name) == pytest.approx(product / product.sum(), rel=0, abs=1e-10)


BLOTS = """arm,time,observable,value,unit
untreated,0 h,pAKT,1000,a.u.
lapatinib,1 h,pAKT,300,a.u.
lapatinib,2 h,pAKT,320,a.u.
lapatinib,4 h,pAKT,350,a.u.
"""
LOG = '\n[fit.observable.pAKT]\ndistribution = "log-normal"\n'


def test_factor_and_scatter_of_a_blot_are_at_their_best_in_each_member(tmp_path):
    """In closed form, of the courses that `run` has for the same members: the factor is the mean of log(band / model),
    the scatter the standard deviation around it."""
    scenario, laboratory = bench(tmp_path, BLOTS, LOG), built_in_laboratory()
    found = member_log_likelihoods(scenario, laboratory, every_member())
    runs = run_members(scenario, laboratory, every_member())
    rows = [line.split(",") for line in BLOTS.splitlines()[1:]]
    bands = np.array([float(row[3]) for row in rows])
    shown = []
    for arm, time, *_ in rows:
        times = runs.arms[arm].times
        shown.append(runs.arms[arm].courses["pAKT"][:, np.argmin(np.abs(times - float(time.split()[0])))])
    scatter = np.log(bands[:, None] / np.array(shown)).std(axis=0)
    count = len(bands)
    best = -count * (np.log(scatter) + 0.5 * np.log(2 * np.pi) + 0.5) - np.log(bands).sum()
    assert found.refused == {} and len(runs) == COUNT
    assert found.values == pytest.approx(best, rel=0, abs=1e-4)
    assert np.ptp(found.values) > 0.1


def test_a_simulated_bench_finds_the_member_that_it_was_made_from(tmp_path):
    truth = 2
    laboratory = built_in_laboratory()
    level = float(decay(laboratory)[truth])
    scenario = bench(tmp_path, one_point(level, 1e-3 * level), GIVEN.format(name="miR21_decay") + HEADLINE)
    made = reweight(scenario, laboratory, ensemble(), asked=[scenario], new_vectors=0)
    assert made.survivors.tolist() == [truth]
    assert made.effective_numbers[1] == pytest.approx(1.0) and "fewer than 50" in made.warning
    assert made.gain == pytest.approx(-math.log(ensemble().weights_measured[truth]))
    (change,) = made.headlines
    assert change.after.low == change.after.high == change.after.median
    assert change.before.low < change.before.high
    with pytest.raises(ParameterError, match="in its weights already"):
        reweight(scenario, laboratory, made.after)
    assert made.after.chosen == pytest.approx(ensemble().values[truth])


def test_what_survives_and_when_nothing_warns():
    wide = drawn_ensemble(120, seed=1, spread=0.1)
    flat = replace(wide, weights_measured=np.full(120, 1 / 120), weights_findings=np.full(120, 1 / 120))
    log_factors = np.where(np.arange(120) < 100, 0.0, -np.inf)
    made = Reweighting(flat, flat.reweighted(log_factors, "user:x"), None, "measured")
    assert made.effective_numbers == pytest.approx((120.0, 100.0)) and made.warning == ""
    assert sorted(made.survivors) == list(range(99))
    assert made.gain == pytest.approx(math.log(1.2))
    with pytest.raises(ParameterError, match="no member"):
        flat.reweighted(np.full(120, -np.inf), "user:x")


def test_the_command_leaves_a_page_and_an_ensemble_that_a_run_takes(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pathway.api.reweight.HEADLINES", ())
    bench(tmp_path, BLOTS, LOG + HEADLINE)
    write_ensemble(tmp_path / "mine.npz", ensemble())
    words = ["fit", str(tmp_path / "bench.toml"), "--ensemble", str(tmp_path / "mine.npz"), "--refine", "0", "--json"]
    assert main([*words, "--out", str(tmp_path / "out")]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert told["members"] == COUNT and told["effective_number"]["after"] < told["effective_number"]["before"]
    assert [one["claim"] for one in told["headlines"]] == ["pAKT is lowered"] and told["warning"]
    for name in ("report.html", "figure.png", "reweighting.json", "members.csv", "headlines.csv", "ensemble.npz"):
        assert (tmp_path / "out" / name).is_file(), name
    after = read_ensemble(tmp_path / "out" / "ensemble.npz")
    assert after.columns[-1].startswith("user:bench:")
    run = ["run", str(tmp_path / "bench.toml"), "--ensemble", str(tmp_path / "out" / "ensemble.npz"), "--json"]
    assert main([*run, "--out", str(tmp_path / "run")]) == DONE
    share = json.loads(capsys.readouterr().out)["expectations"][0]["share_of_ensemble"]
    assert share == pytest.approx(told["headlines"][0]["after"]["share"])
    same = pathway.reweight(tmp_path / "bench.toml", ensemble=tmp_path / "mine.npz", refine=0)
    assert np.array_equal(same.weights, after.weights_measured)
    assert {**same.to_dict(), "folder": told["folder"]} == told
    assert (
        same.effective_numbers[1] == told["effective_number"]["after"] and same.survivors.tolist() == told["survivors"]
    )
    assert len(same.to_dataframe()) == 1 and "effective number" in repr(same)
    assert main([*words, "--without", "k_PI3K"]) == BAD_INPUT
    assert "--ensemble searches for none" in capsys.readouterr().err
