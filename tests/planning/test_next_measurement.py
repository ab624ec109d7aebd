"""What to measure next, after measurements have re-weighted an ensemble."""

import numpy as np

from pathway.planning.next_measurement import next_measurement
from pathway.report.reweighting import next_measurement_sentences
from pathway.scenario import built_in_laboratory, read_scenario
from tests.parameters.ensembles import drawn_ensemble


def test_what_to_measure_next_is_told_while_members_are_left():
    wide = drawn_ensemble(30, seed=3, spread=0.25)
    laboratory, scenario = built_in_laboratory(), read_scenario("fit_a_blot")
    asked = read_scenario("antimir21_resensitises")
    expectation = next(e for e in asked.expectations if e.finding == "V4")
    weights = np.full(30, 1 / 30)
    told = next_measurement(scenario, laboratory, wide, weights, [(asked, expectation, 0.4)])
    assert told.answers.question.startswith("V4: ") and told.ranked
    assert {arm for t in told.ranked for arm in t.design.question.arms} <= {arm.name for arm in scenario.arms}
    assert len(told.sequence) == 3
    first, *_, last = next_measurement_sentences(told)
    assert first == "What to measure next:" and last.startswith(("Three measurements", "No measurement"))
    assert next_measurement(scenario, laboratory, wide, weights, [(asked, expectation, 1.0)]) is None
    few = np.where(np.arange(30) < 5, 0.2, 0.0)
    assert next_measurement(scenario, laboratory, wide, few, [(asked, expectation, 0.4)]) is None
