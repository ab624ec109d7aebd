"""Measurements of the circuit ranked by what they tell, against plain Monte Carlo over its members."""

import numpy as np
import pytest
from scipy.stats import norm

import pathway
from pathway.errors import InputError
from pathway.parameters import parameter_ensemble
from pathway.planning.assays import select_assays
from pathway.planning.information import expected_information_gain, resolved_noise
from pathway.planning.ranking import candidate_questions
from pathway.scenario import read_scenario

MAIN = "antimir21_resensitises"
MEMBERS = str(parameter_ensemble.SHIPPED)
ASKED = {"compare": "both vs trastuzumab", "quantity": "pAKT", "at": "48 h", "doses": [1.0], "assays": "elisa"}


@pytest.fixture(scope="module")
def found():
    return pathway.plan(MAIN, ensemble=MEMBERS, members=40, about="Src on PTEN", **ASKED).result


def test_information_of_the_circuit_is_what_plain_monte_carlo_finds(found):
    told, rng = found.information, np.random.default_rng(2)
    answers, design = told.answers.likelihood, told.ranked[0].design
    weights, value = design.weights, design.contrast.value
    noise = resolved_noise(value, design.noise / np.sqrt(design.replicates), weights)
    drawn = rng.choice(len(weights), 20_000, p=weights)
    result = value[drawn] + noise[drawn] * rng.standard_normal(len(drawn))
    density = norm.pdf(result[:, None], value, noise)
    same = answers[drawn] @ answers.T
    given = (density * same) @ weights / (same @ weights)
    logs = np.log(given / (density @ weights))
    exact = expected_information_gain(told.answers, value, noise, weights)
    assert abs(exact - logs.mean()) < 4.0 * logs.std() / np.sqrt(len(logs)) < 0.05


def test_a_ranking_is_of_different_dishes_and_ends_in_three(found):
    told = found.information
    nats = [round(measurement.nats, 6) for measurement in told.ranked]
    assert nats == sorted(nats, reverse=True) and nats[0] < told.doubt <= np.log(2.0) + 1e-9
    assert len({measurement.design.label for measurement in told.sequence}) == 3
    assert all(measurement.error < 0.1 for measurement in told.sequence)
    questions = candidate_questions(read_scenario(MAIN), select_assays(()))
    arms = {arm for question in questions for arm in question.arms}
    assert "scramble + trastuzumab" not in arms and "both, constant synthesis" not in arms
    assert {"parental untreated", "both"} <= arms
    assert sum(told.answers.shares.values()) == pytest.approx(1.0)


def test_doses_that_no_arm_has_are_ranked_too():
    asked = {**ASKED, "doses": [0.1, 1.0]}
    told = pathway.plan(MAIN, ensemble=MEMBERS, members=12, about="Src on PTEN", **asked).result.information
    lower = [m.design for m in told.ranked if m.design.level.factor == 0.1]
    assert {design.level.dose for design in lower} == set(read_scenario(MAIN).doses) - {"scramble"}
    assert len({design.label for design in lower}) == len(lower)
    alone = next(d for d in lower if d.question.name == "pAKT: trastuzumab vs untreated" and d.time == 48.0)
    whole = next(m.design for m in told.ranked if m.design.question is alone.question and m.design.level.is_as_written)
    assert alone.level.dose == "trastuzumab" and not np.allclose(alone.contrast.value, whole.contrast.value)
    assert "trastuzumab 1 ug/mL" in alone.label


def test_a_question_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"no question is called 'Src on PTENN'. Did you mean 'Src on PTEN'") as error:
        pathway.plan(MAIN, ensemble=MEMBERS, members=4, about="Src on PTENN", **ASKED)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("about", ["p110beta or Src", "miR-21 acts through PTEN", "V4", "k_PI3K"])
def test_questions_of_every_kind_have_answers(about):
    told = pathway.plan(MAIN, ensemble=MEMBERS, members=12, about=about, **ASKED).result.information
    assert np.allclose(told.answers.likelihood.sum(axis=1), 1.0) and told.doubt >= 0.0
