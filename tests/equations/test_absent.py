"""Species that are nowhere are found, and a model without them has the same courses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

import pathway
from pathway.equations import Event, Model
from pathway.equations.absent import absent_species, without_absent_species
from pathway.equations.held import with_held_species
from pathway.expressions import parse


def _model(rates: Mapping[str, str], start: Mapping[str, float], events: tuple[Event, ...] = ()) -> Model:
    return Model(
        name="m",
        species=tuple(rates),
        parameters=("k", "drug_on"),
        parameter_values=np.array([0.5, 2.0]),
        initial={name: parse(repr(start.get(name, 0.0))) for name in rates},
        rate_rules={name: parse(text) for name, text in rates.items()},
        assignments={"bound": parse("complex + drug")},
        events=events,
        observables={"all": parse("bound + target")},
    )


BINDING = {
    "target": "-k*target - drug_on*target*drug + k*complex",
    "drug": "k*complex - drug_on*target*drug",
    "complex": "drug_on*target*drug - k*complex",
}


def test_a_drug_that_is_not_given_takes_its_complex_along() -> None:
    model = _model(BINDING, {"target": 3.0})
    assert absent_species(model, ()) == ("drug", "complex")
    assert absent_species(model, {"drug"}) == () == absent_species(model, {"complex"})


def test_what_makes_itself_stays_zero_and_what_is_made_does_not() -> None:
    model = _model({"target": "-k*target", "drug": "k*drug*target", "complex": "k*target"}, {"target": 1.0})
    assert absent_species(model, ()) == ("drug",)


def test_a_start_that_a_parameter_decides_is_no_zero() -> None:
    model = _model(BINDING, {"target": 3.0})
    started = replace(model, initial={**model.initial, "drug": parse("k - drug_on/4")})
    assert started.initial_values[1] == 0.0 and absent_species(started, ()) == ()


def test_what_an_event_sets_is_there() -> None:
    dose = Event("dose", parse("time > 1"), {"drug": parse("4")})
    assert absent_species(_model(BINDING, {"target": 3.0}, (dose,)), ()) == ()


def test_the_rest_runs_as_before_and_formulas_may_name_what_is_gone() -> None:
    model = _model(BINDING, {"target": 3.0})
    small = without_absent_species(model, ())
    assert small.species == ("target",) and small.name == model.name
    assert small.parameters == (*model.parameters, "drug", "complex")
    times = np.linspace(0.0, 4.0, 9)
    known = 3.0 * np.exp(-0.5 * times)
    assert pathway.simulate(small, times)["all"] == pytest.approx(known, rel=1e-5)


def test_with_everything_there_the_model_stays_itself() -> None:
    model = _model(BINDING, {"target": 3.0, "drug": 1.0, "complex": 1.0})
    assert without_absent_species(model, ()) is model


def test_held_species_lose_their_rate_rules() -> None:
    held = with_held_species(_model(BINDING, {"target": 3.0}), ["drug"])
    assert held.species == ("target", "complex") and held.rate_rules.keys() == {"target", "complex"}
