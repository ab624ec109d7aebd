"""Shares of findings at each stage, against sums over members written out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pathway.parameters.parameter_ensemble import ParameterEnsemble
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.experiment import Scenario
from pathway.scenario.finding_shares import STAGES, ResampledMembers, _informed, _sets, finding_shares
from pathway.scenario.members import run_members
from pathway.scenario.sampled_cell_lines import _spans, parameter_sets_from_ranges, parameter_sets_of_ensemble
from pathway.scenario.weighted import distribution_distance
from tests.parameters.ensembles import drawn_ensemble

COUNT = 30
TEXT = """
title = "levels at rest"
cells = "bt474_resistant"
[time]
end = "1 h"
[[arm]]
name = "resistant"
[[arm]]
name = "parental"
cells = "bt474"
[[expect]]
finding = "V1"
claim = "PTEN is lower"
role = "calibration"
quantity = "PTEN"
ratio = "resistant / parental"
below = 0.58
[[expect]]
finding = "V9"
claim = "pAKT is higher"
role = "prediction"
quantity = "pAKT"
ratio = "resistant / parental"
above = 1.3
"""


@pytest.fixture(scope="module")
def ensemble() -> ParameterEnsemble:
    made = drawn_ensemble(COUNT, seed=5, spread=0.3)
    columns = ("niepel2014:bt474", "finding:V3@bt474", "finding:V1@bt474")
    findings = made.weights_measured * np.exp(made.log_likelihood[:, 1:].sum(axis=1))
    return replace(made, columns=columns, weights_findings=findings / findings.sum(), prior_values=made.values[::2])


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    file = tmp_path_factory.mktemp("shares") / "levels.toml"
    file.write_text(TEXT, encoding="utf-8")
    return read_scenario(file)


def test_shares_are_sums_of_weights(scenario: Scenario, ensemble: ParameterEnsemble) -> None:
    laboratory = built_in_laboratory()
    each = run_members(
        scenario, laboratory, parameter_sets_of_ensemble(laboratory.model, ensemble, np.full(COUNT, 1 / COUNT))
    )
    assert len(each) == COUNT
    lower, higher = (verdict.met for verdict in each.verdicts)
    measured, findings = ensemble.weights_measured, ensemble.weights_findings
    one, two = finding_shares(scenario, laboratory, ensemble, members=None, prior=True)
    assert set(one.stages) == set(STAGES)
    assert one.stages["measured"].share == pytest.approx(measured[lower].sum())
    assert one.stages["findings"].share == pytest.approx(findings[lower].sum())
    assert one.stages["prior"].share == pytest.approx(lower[::2].mean())
    assert one.given_calibration is None  # it is no prediction
    assert two.given_calibration == pytest.approx(measured[lower & higher].sum() / measured[lower].sum())
    # V1 is among the findings: what is told of it is what V3 and the data alone make of it.
    without = measured * np.exp(ensemble.log_likelihood[:, 1])
    assert one.without_itself == pytest.approx(without[lower].sum() / without.sum())
    assert two.without_itself is None
    content = one.to_dict()
    assert content["share_of_ensemble"] == one.stages["measured"].share
    assert content["stages"]["findings"]["interval"][0] <= content["stages"]["findings"]["median"]
    # The draws from the plausible ranges are half of the members themselves.
    assert one.informed is False and two.informed is False


def test_few_members_of_both_weights_stand_for_all(ensemble: ParameterEnsemble) -> None:
    chosen = ResampledMembers.of(ensemble, 12)
    assert len(chosen.rows) <= 12
    everyone = ResampledMembers.of(ensemble, None)
    for weights in (ensemble.weights_measured, ensemble.weights_findings):
        assert everyone.weights(weights)[np.argsort(everyone.rows)] == pytest.approx(weights)
    # The members of highest weight are among the few, and carry most of it.
    assert int(np.argmax(ensemble.weights_measured + ensemble.weights_findings)) in chosen.rows


def test_a_distance_of_distributions_is_the_largest_difference_of_shares() -> None:
    values, weights = np.array([1.0, 2.0, np.nan, 4.0]), np.array([0.5, 0.25, 7.0, 0.25])
    others, own = np.array([2.0, 3.0]), np.array([0.5, 0.5])
    # Below 2: 0.5 against 0; up to 2: 0.75 against 0.5; up to 3: 0.75 against 1.
    assert distribution_distance(values, weights, others, own) == pytest.approx(0.5)
    assert distribution_distance(values, weights, values, weights) == 0.0


def verdicts(values: np.ndarray, weights: np.ndarray) -> Any:
    return SimpleNamespace(verdicts=(SimpleNamespace(values=values),), weights=weights)


@pytest.mark.parametrize(("moved", "informed"), [(30, False), (31, True)])
def test_data_have_told_something_where_chance_does_not_move_so_many(moved: int, informed: bool) -> None:
    """100 against 25 of equal weight: 5 % of distances lie above 1.36 sqrt(1/100 + 1/25) = 0.3041."""
    before = verdicts(np.arange(100.0), np.full(100, 0.01))
    after = verdicts(np.linspace(moved - 0.5, 99.5, 25), np.full(25, 0.04))
    assert _informed(before, after, 0) is informed


def test_nobody_tells_nothing() -> None:
    nobody, some = verdicts(np.zeros(2), np.zeros(2)), verdicts(np.ones(2), np.full(2, 0.5))
    assert _informed(nobody, some, 0) is False and _informed(some, nobody, 0) is False


def test_members_done_are_told_after_each_arm(scenario: Scenario, ensemble: ParameterEnsemble) -> None:
    laboratory, told = built_in_laboratory(), []
    sets = parameter_sets_of_ensemble(laboratory.model, ensemble, np.full(COUNT, 1 / COUNT))
    run_members(scenario, laboratory, sets, lambda *words: told.append(words))
    assert told[:2] == [("members", 0, COUNT), ("members", COUNT // 2, COUNT)]
    assert all(0 <= done <= of == COUNT for _, done, of in told)


def test_draws_from_ranges_weigh_the_same_and_one_in_all() -> None:
    sets = parameter_sets_from_ranges(built_in_laboratory().model, 1, range(4))
    assert sets.weights.tolist() == [0.25] * 4


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((), "none"),
        (range(3), "0 to 2"),
        ((4,), "4 to 4"),
        ((0, 1, 5), "0 to 5 without 2, 3, 4"),
        ((2, 4), "2 to 4 without 3"),
    ],
)
def test_draws_are_named_by_their_ends_and_gaps(numbers: Sequence[int], words: str) -> None:
    assert _spans(numbers) == words


def test_chosen_members_weigh_the_same_and_one_in_all(ensemble: ParameterEnsemble) -> None:
    chosen = ResampledMembers.of(ensemble, 5)
    sets = _sets(built_in_laboratory().model, ensemble, chosen)
    assert sets.weights == pytest.approx(np.full(len(chosen.rows), 1.0 / len(chosen.rows)))
