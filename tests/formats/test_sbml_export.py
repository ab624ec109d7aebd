"""What we write: clean by libSBML's own checks, the same after reading it back, the same in other simulators."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from pathway.equations import Event, Model
from pathway.expressions import parse
from pathway.formats.antimony import antimony_text, read_antimony_text
from pathway.formats.errors import FormatError, Unsupported
from pathway.formats.experiment import ExportedModel, exported_models
from pathway.formats.sbml import read_sbml_text
from pathway.formats.sbml.export import consistency_messages, sbml_text
from pathway.formats.sbml.notes import (
    FUNCTIONAL_TERMS,
    OTHER_PARAMETER,
    OTHER_REACTION,
    OTHER_SPECIES,
    PARAMETER_TERMS,
    REACTION_TERMS,
    SPECIES_TERMS,
)
from pathway.formats.sbml.written_units import unit_factors
from pathway.parameters import cell_lines
from pathway.scenario import scenario_names
from pathway.simulation import Intervention, simulate
from pathway.units import unit
from tests.formats.sbml_snippets import compartment, math, parameters, reaction, sbml, species

MAIN = "antimir21_resensitises"
ARM = "both"

with_roadrunner = pytest.mark.skipif(
    importlib.util.find_spec("roadrunner") is None, reason="libRoadRunner is not installed (extra 'bench')"
)
with_copasi = pytest.mark.skipif(
    importlib.util.find_spec("basico") is None, reason="COPASI is not installed (extra 'bench')"
)


@cache
def main_experiment() -> ExportedModel:
    return exported_models(MAIN, ARM)[0]


@cache
def main_text() -> str:
    experiment = main_experiment()
    return sbml_text(experiment.model, doses=experiment.doses, notes=experiment.notes)


def main_times(experiment: ExportedModel) -> np.ndarray:
    """A grid that avoids the very moment of a dose, where programs differ in recording before or after it."""
    end = experiment.times[-1]
    return np.linspace(0.0, end, 55)[1:] - 0.37 * min(1.0, end / 100.0)


@cache
def our_course() -> np.ndarray:
    return course_of(main_experiment())


def course_of(experiment: ExportedModel) -> np.ndarray:
    return simulate(
        experiment.model, [0.0, *main_times(experiment)], interventions=experiment.doses, relative_tolerance=1e-11
    ).values[1:]


def course_read_back(text: str, experiment: ExportedModel) -> np.ndarray:
    course = simulate(read_sbml_text(text).model, [0.0, *main_times(experiment)], relative_tolerance=1e-11)
    return np.stack([course[name] for name in experiment.model.species], axis=1)[1:]


def course_of_libroadrunner(text: str, experiment: ExportedModel) -> np.ndarray:
    import roadrunner

    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-11, 1e-14
    runner.integrator.maximum_num_steps = 1_000_000
    runner.timeCourseSelections = ["time", *_as_they_are(runner, experiment.model)]
    return np.array(runner.simulate(times=[0.0, *main_times(experiment)]))[1:, 1:]


def relative_difference(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference of any species, relative to its own largest value."""
    size = np.maximum(np.max(np.abs(expected), axis=0), 1e-6)
    return float(np.max(np.abs(found - expected) / size))


@pytest.mark.parametrize("line", cell_lines())
def test_libsbml_has_no_remark_on_a_cell_line_units_included(line: str) -> None:
    experiment = exported_models(line)[0]
    assert consistency_messages(sbml_text(experiment.model, notes=experiment.notes)) == []


def test_libsbml_has_no_remark_on_the_main_experiment_with_its_doses() -> None:
    assert consistency_messages(main_text()) == []


def test_reading_the_main_experiment_back_gives_the_same_course() -> None:
    assert relative_difference(course_read_back(main_text(), main_experiment()), our_course()) < 1e-8


@with_roadrunner
def test_libroadrunner_gives_the_same_course() -> None:
    assert relative_difference(course_of_libroadrunner(main_text(), main_experiment()), our_course()) < 1e-6


@pytest.mark.slow
@with_roadrunner
@pytest.mark.parametrize("scenario", scenario_names())
def test_first_and_last_arm_of_every_scenario(scenario: str) -> None:
    arms = exported_models(scenario)
    for experiment in {id(arm): arm for arm in (arms[0], arms[-1])}.values():
        text = sbml_text(experiment.model, doses=experiment.doses, notes=experiment.notes)
        assert consistency_messages(text) == []
        ours = course_of(experiment)
        # Rounding alone moves one arm of pi3k_inhibitors by 4e-8, whatever the tolerance.
        assert relative_difference(course_read_back(text, experiment), ours) < 1e-7
        assert relative_difference(course_of_libroadrunner(text, experiment), ours) < 1e-6


def _as_they_are(runner: object, model: Model) -> list[str]:
    """Selections in the form that the name has in formulas: a concentration in brackets, an amount without."""
    in_medium = {name for name in model.species if model.units[name] in ("nM", "ug/mL")}
    return [f"[{name}]" if name in in_medium else name for name in model.species]


@with_copasi
def test_copasi_gives_the_same_course() -> None:
    import basico

    model = main_experiment().model
    basico.load_model_from_string(main_text())
    times = main_times(main_experiment())
    table = basico.run_time_course_with_output(
        ["Time", *_copasi_names(model)],
        values=[0.0, *times],
        r_tol=1e-10,
        a_tol=1e-14,
        max_steps=1_000_000,
    )
    found = table.to_numpy(dtype=float)[1:, 1:]
    assert relative_difference(found, our_course()) < 1e-6


def _copasi_names(model: Model) -> list[str]:
    in_medium = {name for name in model.species if model.units[name] in ("nM", "ug/mL")}
    return [f"[{name}]" if name in in_medium else f"{name}.ParticleNumber" for name in model.species]


def test_antimony_gives_the_model_back() -> None:
    pytest.importorskip("antimony", reason="the library 'antimony' is not installed (extra 'formats')")
    experiment = main_experiment()
    again = read_antimony_text(antimony_text(experiment.model, doses=experiment.doses)).model
    course = simulate(again, [0.0, *main_times(experiment)], relative_tolerance=1e-11)
    found = np.stack([course[name] for name in experiment.model.species], axis=1)[1:]
    assert relative_difference(found, our_course()) < 1e-8


# Smaller models


def round_trip(model: Model, **more: object) -> Model:
    return read_sbml_text(sbml_text(model, **more)).model  # type: ignore[arg-type]


def test_events_rules_and_changing_compartments_survive_a_round_trip() -> None:
    rule = f'<listOfRules><rateRule variable="C">{math("<ci>g</ci>")}</rateRule></listOfRules>'
    law = "<apply><times/><ci>k</ci><ci>S</ci><ci>C</ci></apply>"
    event = (
        '<listOfEvents><event id="E" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">'
        + math("<apply><lt/><ci>S</ci><cn>1.9</cn></apply>")
        + '</trigger><listOfEventAssignments><eventAssignment variable="k">'
        + math("<cn>0.01</cn>")
        + "</eventAssignment></listOfEventAssignments></event></listOfEvents>"
    )
    text = sbml(
        compartment('size="2"', constant=False)
        + species(S=6.0, T=1.0)
        + parameters(k=0.1, g=0.5)
        + rule
        + f"<listOfReactions>{reaction('R', {'S': 2}, {'T': 1}, law)}</listOfReactions>"
        + event
    )
    first = read_sbml_text(text).model
    times = np.linspace(0.0, 5.0, 21)
    expected, found = (simulate(m, times, relative_tolerance=1e-10) for m in (first, round_trip(first)))
    for name in ("S", "T", "C", "k"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-8)


def test_doses_set_scale_and_add_as_interventions_do() -> None:
    model = Model(
        name="drug",
        species=("drug", "effect"),
        parameters=("k", "gain"),
        parameter_values=np.array([0.3, 1.0]),
        initial={"drug": parse("0"), "effect": parse("1")},
        rates={"loss": parse("k*drug"), "made": parse("gain*drug"), "gone": parse("k*effect")},
        stoichiometry={
            "drug": {"loss": parse("-1")},
            "effect": {"made": parse("1"), "gone": parse("-1")},
        },
        units={"drug": "1", "effect": "1", "k": "1/h", "gain": "1/h"},
        time_unit="h",
    )
    doses = (
        Intervention(0.0, add={"drug": 2.0}),
        Intervention(3.0, set={"effect": 4.0, "gain": 0.5}),
        Intervention(5.0, scale={"drug": 10.0}, add={"drug": 1.0}),
    )
    assert consistency_messages(sbml_text(model, doses=doses)) == []
    times = np.linspace(0.0, 8.0, 17) + 0.1
    expected = simulate(model, times, start=0.0, interventions=doses, relative_tolerance=1e-10)
    found = simulate(round_trip(model, doses=doses), times, start=0.0, relative_tolerance=1e-10)
    for name in model.species:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-8)


def test_what_sbml_cannot_say_is_refused() -> None:
    model = Model(
        name="odd",
        species=("x",),
        parameters=(),
        parameter_values=np.zeros(0),
        initial={"x": parse("1")},
        events=(Event("e", parse("time >= 1"), {"x": parse("2")}, parse("1"), factors={"x": parse("x")}),),
    )
    with pytest.raises(Unsupported, match="event 'e'"):
        sbml_text(model)
    assert sbml_text(replace(model, events=()))


@pytest.mark.parametrize(
    "text", ["nM", "1/(nM*h)", "ug/mL", "molecules/(nM*h)", "d", "%", "pL", "nmol/L", "mol^2/(L*s)", "0.5*mol", "1"]
)
def test_written_units_mean_what_the_text_means(text: str) -> None:
    base = {
        "mole": unit("mol"),
        "litre": unit("L"),
        "metre": unit("m"),
        "second": unit("s"),
        "gram": unit("g"),
        "item": unit("molecules"),
        "dimensionless": unit("1"),
    }
    made = unit("1")
    factor = 1.0
    for kind, scale, multiplier, exponent in unit_factors(text) or []:
        made = made * base[kind] ** exponent
        factor *= (multiplier * 10.0**scale) ** float(exponent)
    number, rest = (0.5, "mol") if text.startswith("0.5") else (1.0, text)
    assert made.dimension == unit(rest).dimension
    assert made.factor * factor == pytest.approx(unit(rest).factor * number, rel=1e-12)


def test_every_term_is_in_the_branch_that_its_element_asks_for() -> None:
    import libsbml

    sbo = libsbml.SBO

    def number(term: str) -> int:
        return int(term.removeprefix("SBO:"))

    assert all(sbo.isMaterialEntity(number(t)) for t in (*SPECIES_TERMS.values(), OTHER_SPECIES))
    assert all(sbo.isQuantitativeParameter(number(t)) for t in (*PARAMETER_TERMS.values(), OTHER_PARAMETER))
    assert all(sbo.isOccurringEntityRepresentation(number(t)) for t in (*REACTION_TERMS.values(), OTHER_REACTION))
    assert all(sbo.isFunctionalEntity(number(t)) for t in FUNCTIONAL_TERMS.values())


def test_a_name_that_antimony_text_does_not_declare_has_its_line():
    text = "model m\n  A = 1; k = 2\n  // no zz here\n  A -> B; k*A*zz\nend\n"
    with pytest.raises(FormatError, match=r"^bad\.ant:[34]: parameter 'zz' is needed but has no value"):
        read_antimony_text(text, "bad.ant")
