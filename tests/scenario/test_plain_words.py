"""What a result says in words, and its JSON form with an ensemble beside it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import pathway
from pathway.parameters.parameter_ensemble import write_ensemble
from pathway.scenario import read_scenario
from pathway.scenario.plain_words import (
    _quoted,
    caveats,
    format_number,
    headline_sentences,
    interval_text,
    median_with_interval,
    percent_text,
    verdict_interval_text,
)
from pathway.scenario.result import Result
from pathway.scenario.weighted import WeightedInterval
from tests.parameters.ensembles import drawn_ensemble


@cache
def rescue(folder: Path | None) -> Result:
    """The main experiment beside ten members of an ensemble, and alone."""
    if folder is None:
        return pathway.run("antimir21_resensitises_skbr3", ensemble="none")
    write_ensemble(folder / "ten.npz", drawn_ensemble(10, seed=8, spread=0.2))
    return pathway.run("antimir21_resensitises_skbr3", ensemble=folder / "ten.npz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ensemble")


def test_the_headlines_are_told_first_with_their_share(folder: Path) -> None:
    result = rescue(folder)
    first, second = headline_sentences(result)
    assert first.startswith("Trastuzumab slows parental cells and spares resistant ones: ")
    assert "GR of 'trastuzumab' minus that of 'parental'" in first and "of 10 members" not in first
    assert "10 members of the ensemble ten.npz" in second
    (place,) = [k for k, v in enumerate(result.verdicts) if v.expectation.headline and v.expectation.finding == "V4"]
    ensemble = result.ensemble
    assert ensemble is not None
    met, weights = ensemble.verdicts[place].met, ensemble.weights
    assert f"{weights[met].sum():.0%} of them meet the expectation" in second
    # V4 is a calibration finding of its own: what it is given are the others.
    others = [e for e in (v.expectation for v in result.verdicts) if e.role == "calibration" and e.finding != "V4"]
    met_by = {id(v.expectation): v.met for v in ensemble.verdicts}
    holds = np.logical_and.reduce([met_by[id(expectation)] for expectation in others])
    share = f"{weights[holds & met].sum() / weights[holds].sum():.0%} of those" if holds.any() else "no member meets"
    assert share in second


def test_without_an_ensemble_the_sentence_says_so() -> None:
    (_, second) = headline_sentences(rescue(None))
    assert "One chosen parameter set" in second and "90 %" not in second


def test_caveats_come_from_the_scenario(folder: Path) -> None:
    said = caveats(rescue(None))
    assert any("397 TCGA breast tumors" in text and "unlikely cause of most resistance" in text for text in said)
    assert any("no measured arm" in text for text in said)
    assert caveats(rescue(folder))[: len(said)] == said


def test_the_json_form_has_intervals_and_shares(folder: Path) -> None:
    content = json.loads(json.dumps(rescue(folder).to_dict(), allow_nan=False))
    arm = content["arms"]["both"]
    low, high = arm["GR_interval"]
    assert low <= arm["GR_median"] <= high
    assert len(arm["percent_of_untreated_interval"]) == 2
    assert content["arms"]["untreated"]["GR_interval"] is None
    for expectation in content["expectations"]:
        assert 0.0 <= expectation["share_of_ensemble"] <= 1.0 and len(expectation["interval"]) == 2
    alone = rescue(None).to_dict()
    assert alone["arms"]["both"]["GR_interval"] is None
    assert {e["share_of_ensemble"] for e in alone["expectations"]} == {None}


def test_the_chosen_numbers_do_not_depend_on_the_ensemble(folder: Path) -> None:
    with_members, alone = rescue(folder), rescue(None)
    assert [v.value for v in with_members.verdicts] == [v.value for v in alone.verdicts]


def test_the_shipped_ensemble_is_taken_unless_told_otherwise(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = "surface_her2"
    assert pathway.run(scenario, ensemble="none").ensemble is None
    rescue(folder)
    monkeypatch.setattr("pathway.parameters.parameter_ensemble.SHIPPED", folder / "ten.npz")
    found = pathway.run(scenario, members=4).ensemble
    assert found is not None and found.origin.kind == "calibrated" and 0 < found.asked <= 4
    monkeypatch.setattr("pathway.parameters.parameter_ensemble.SHIPPED", folder / "no.npz")
    assert pathway.run(scenario).ensemble is None


def test_a_scenario_may_say_what_is_told_first(tmp_path: Path) -> None:
    text = """
title = "t"
cells = "bt474"
caveats = ["Seen once."]
[time]
end = "1 h"
[[arm]]
name = "a"
[[expect]]
claim = "sane"
role = "sanity"
quantity = "PTEN"
headline = true
above = 0.5
[[expect]]
claim = "predicted"
role = "prediction"
quantity = "PTEN"
above = 0.5
"""
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    scenario = read_scenario(tmp_path / "s.toml")
    assert scenario.caveats == ("Seen once.",)
    assert [e.headline for e in scenario.expectations] == [True, False]
    (only,) = headline_sentences(pathway.run(tmp_path / "s.toml", ensemble="none"))
    assert only.startswith("sane: yes")
    (tmp_path / "s.toml").write_text(text.replace("headline = true\n", ""), encoding="utf-8")
    (only,) = headline_sentences(pathway.run(tmp_path / "s.toml", ensemble="none"))
    assert only.startswith("predicted: yes with the chosen numbers. PTEN of 'a' is 1.00 (expected: 0.5 or more)")


def test_numbers_in_words() -> None:
    assert [format_number(v) for v in (0.4176, 123.4, 0.00012, -0.5, float("nan"), None)] == [
        "0.42", "123", "0.00012", "-0.50", "-", "-",
    ]  # fmt: skip
    assert median_with_interval(WeightedInterval(0.38, 0.53, 0.69)) == "0.53 (0.38 to 0.69)"
    assert median_with_interval(WeightedInterval(-0.88, 0.00011, 0.52)) == "0 (-0.88 to 0.52)"
    assert median_with_interval(WeightedInterval(-0.0031, 0.09, 0.52)) == "0.09 (-0.003 to 0.52)"
    assert interval_text(WeightedInterval(0.0, 3e-5, 4e-5)) == "0 to 4e-05"
    assert interval_text(None) == "-" and median_with_interval(None) == "-"


def test_a_dish_that_would_be_full_is_named() -> None:
    """The cells of the model never touch each other."""
    result = rescue(None)
    fold = max(arm.fold for arm in result.arms.values())
    told = [caveat for caveat in caveats(result) if "confluence" in caveat]
    assert len(told) == (fold >= 8.0)
    longer = pathway.run("antimir21_resensitises_skbr3", ensemble="none", settings={"time.end": "240 h"})
    (caveat,) = [caveat for caveat in caveats(longer) if "confluence" in caveat]
    fold = max(arm.fold for arm in longer.arms.values())
    assert f"more than {100.0 / fold:.2g} % of what it holds" in caveat


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("a", "'a'"),
        ("abc", "'a', 'b', 'c'"),
        ("abcd", "'a', 'b', 'c' and 1 more"),
        ("abcdef", "'a', 'b', 'c' and 3 more"),
    ],
)
def test_three_arms_are_named_and_the_others_counted(names: str, words: str) -> None:
    assert _quoted(tuple(names)) == words


def test_an_interval_of_a_stored_verdict() -> None:
    stored = {"interval": [1.0, 3.0], "median": 2.0, "above": None, "below": 5.0}
    assert verdict_interval_text(stored) == median_with_interval(WeightedInterval(1.0, 2.0, 3.0)) != "-"
    drift = {"interval": [6e-14, 5e-12], "median": 5e-13, "above": None, "below": 1e-6}
    assert verdict_interval_text(drift) == "0 (0 to 0)"
    assert verdict_interval_text({"interval": None, "median": None}) == verdict_interval_text({}) == "-"


def test_shares_in_words() -> None:
    assert [percent_text(share) for share in (None, float("nan"), 0.0, 0.256)] == ["-", "-", "0%", "26%"]


def test_what_rounds_to_nothing_beside_its_interval_has_no_sign() -> None:
    assert interval_text(WeightedInterval(-0.00001, 0.3, 1.4)) == "0 to 1.40"
