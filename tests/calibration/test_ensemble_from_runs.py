"""Many populations as one mixture, the choice that stands for them, the ensemble's file and the page of results."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from calibration import reweighting
from calibration.collect import ensemble_of
from calibration.populations import FINDINGS, MEASURED
from calibration.result_page import Draws, _errors_apart, _met, page
from calibration.sample import run
from calibration.settling import Settings
from calibration.stored import account, history_of_ensemble, pooled, read_run, read_runs
from pathway.errors import InputError
from pathway.parameters.parameter_ensemble import read_ensemble, write_ensemble
from pathway.scenario.weighted import effective_sample_size

from .small_problem import IDENTITY, RECIPE

SETTINGS = Settings(members=120, first=256, starting=4, burn_in=6, settled=3)


def test_a_choice_of_members_stands_for_all():
    rng = np.random.default_rng(2)
    x = rng.normal(size=5000)
    weights = np.array([np.exp(x), np.exp(-x)])
    weights /= weights.sum(axis=1, keepdims=True)
    means = []
    for seed in range(20):
        chosen, kept = reweighting.thinned(weights, 500, np.random.default_rng(seed))
        assert len(set(chosen)) == len(chosen) and 495 <= len(chosen) <= 505
        assert kept.sum(axis=1) == pytest.approx([1.0, 1.0])
        means.append(kept @ x[chosen])
    assert np.mean(means, axis=0) == pytest.approx(weights @ x, abs=0.03)


def test_effective_number_counts_equal_weights():
    assert effective_sample_size(np.full(40, 1 / 40)) == pytest.approx(40)
    drawn = reweighting.systematic(np.array([0.5, 0.25, 0.25]), 8, np.random.default_rng(0))
    assert np.bincount(drawn).tolist() == [4, 2, 2]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    place = tmp_path_factory.mktemp("runs")
    for seed in (1, 2):
        settings = Settings(**{**SETTINGS.__dict__, "seed": seed})
        run(RECIPE, settings, place / str(seed), IDENTITY, piece=64, quiet=True)
    return [place / "1", place / "2"]


def test_an_ensemble_of_two_runs_is_written_and_read(runs, tmp_path):
    target = RECIPE.make()
    history = pooled(read_runs(runs, target))
    ensemble = ensemble_of(target, history, 300, seed=1, about={"date": "2026-01-01"})
    write_ensemble(tmp_path / "e.npz", ensemble)
    again = read_ensemble(tmp_path / "e.npz")
    assert len(again) >= 290 and len(np.unique(again.values, axis=0)) == len(again)
    level = np.log10(again.values[:, 0])
    weights, every = history.weights(MEASURED), np.log10(target.values(history.merged(MEASURED).z)[:, 0])
    assert again.weights_measured @ level == pytest.approx(weights @ every, abs=0.02)
    assert again.weights_measured @ level == pytest.approx(0.21, abs=0.05)
    assert again.about["roles"]["finding:V3@skbr3_resistant"] == "finding"
    gain = again.values[:, 0] + again.values[:, 2]
    assert again.weights_findings @ (gain > 1) > again.weights_measured @ (gain > 1) - 1e-9
    totals = history.merged(FINDINGS).totals.sum(axis=1)
    best = target.values(history.merged(FINDINGS).z[np.argmax(totals)][None])[0]
    assert again.chosen == pytest.approx(best, rel=1e-12)
    assert again.values[0] == pytest.approx(best, rel=1e-6)


def test_the_page_compares_runs_and_says_what_nothing_informs(runs):
    target = RECIPE.make()
    together = Draws(target, pooled(read_runs(runs, target)))
    told = [json.loads((folder / "waves.json").read_text()) for folder in runs]
    text = page(target, [Draws(target, read_run(folder)) for folder in runs], together, told)
    assert "| k_SHIP |" in text and "no measurement informs this" in text.split("| k_SHIP |")[1].split("\n")[0]
    assert "told by data" in text.split("| k_PTEN |")[1].split("\n")[0]
    assert "on in" in text.split("| loop.PTEN_autoactivation |")[1].split("\n")[0]
    assert "## Independent runs" in text and "standard errors apart" in text


def test_independent_runs_lie_one_standard_error_apart():
    """Runs of chains that are independent draws; and of chains that are four copies of a quarter as many."""
    finding = SimpleNamespace(expectation=SimpleNamespace(above=0.4, below=None))
    target = SimpleNamespace(problem=SimpleNamespace(findings=SimpleNamespace(table=[finding] * 40)))
    rng = np.random.default_rng(3)

    def run(copies):
        numbers = np.repeat(rng.random((400 // copies, 40)), copies, axis=0)
        rounds = [SimpleNamespace(temperature=MEASURED, z=numbers)] * 3
        return SimpleNamespace(
            target=target, history=SimpleNamespace(populations=rounds), findings=np.tile(numbers, (3, 1))
        )

    for copies in (1, 4):
        apart = [_errors_apart(target, [run(copies), run(copies)], "measured") for _ in range(20)]
        assert np.mean(np.square(apart)) == pytest.approx(copies, rel=0.25)


def test_a_run_stands_beside_the_ensemble_that_another_left(runs, tmp_path):
    target = RECIPE.make()
    one, other = (Draws(target, read_run(folder)) for folder in runs)
    left = ensemble_of(target, other.history, 300, seed=1, about={})
    again = Draws(target, history_of_ensemble(target, left))
    for name in ("measured", "findings"):
        shares = [_met(draws, 0, name) for draws in (other, again)]
        assert shares[1] == pytest.approx(shares[0], abs=0.05)
        medians = [draws.median(draws.findings[:, 0], name)[1] for draws in (other, again)]
        assert medians[1] == pytest.approx(medians[0], rel=0.1)
    told = [json.loads((runs[0] / "waves.json").read_text())]
    assert "## Independent runs" in page(target, [one, again], one, told)
    write_ensemble(tmp_path / "left.npz", replace(left, about={"fingerprint": "small", "evaluations": 7}))
    mixed = read_runs([runs[0], tmp_path / "left.npz"], target)
    weights = pooled(mixed).weights(MEASURED)
    assert account(tmp_path / "left.npz")["evaluations"] == 7
    assert weights[weights > 0] == pytest.approx(1 / (weights > 0).sum())
    assert len(pooled(mixed).drawn_for(MEASURED).z) == 2 * min(len(one.drawn_for(MEASURED).z) for one in mixed)


def test_a_run_of_another_problem_is_refused(runs, tmp_path, monkeypatch):
    target = RECIPE.make()
    with pytest.raises(InputError, match=r"no run of sample\.py"):
        read_runs([tmp_path], target)
    monkeypatch.setattr(type(target.problem), "fingerprint", "other")
    with pytest.raises(InputError, match="another circuit, prior or data"):
        read_runs(runs, target)
