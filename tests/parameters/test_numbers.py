"""The number files are complete, and broken ones are refused with file and line."""

import numpy as np
import pytest

from pathway import parameters
from pathway.equations import network_model
from pathway.expressions import evaluate
from pathway.network import circuit
from pathway.parameters.read import OWN_SOURCES, ParameterError, read_reference

from ..references.scipy_simulation import steady_state

UNITS = {"k_PTEN": "1/h", "KD_trastuzumab": "nM"}
GOOD = """
[k_PTEN]
value = 100
unit = "1/h"
range = [50, 400]
source = "assumed"
confidence = "assumed"

[KD_trastuzumab]
value = 314
unit = "pM"
range = [100, 8600]
source = "Marcantonio2022"
confidence = "inferred"
"""


def read(tmp_path, text):
    file = tmp_path / "numbers.toml"
    file.write_text(text, encoding="utf-8")
    return read_reference(file, UNITS, parameters.sources())


def test_values_are_converted_to_the_declared_unit(tmp_path):
    entry = read(tmp_path, GOOD)["KD_trastuzumab"]
    assert entry.value == pytest.approx(0.314)
    assert entry.range == pytest.approx((0.1, 8.6))
    assert entry.line == 9


@pytest.mark.parametrize(
    ("found", "instead", "said"),
    [
        ("[k_PTEN]", "[k_PTENN]", r"numbers.toml:2: no parameter is called 'k_PTENN'. Did you mean 'k_PTEN'"),
        ('unit = "1/h"\n', "", r"numbers.toml:2: 'k_PTEN': unit missing"),
        ('unit = "1/h"', 'unit = "nM"', r"numbers.toml:4: 'k_PTEN': 'nM' is a concentration, but '1/h' is a rate"),
        ('unit = "1/h"', 'unit = "1/hx"', r"numbers.toml:4: .*hx"),
        ("value = 100", "value = 1000", r"numbers.toml:3: 'k_PTEN': 1000 1/h is outside its range 50 to 400"),
        ("value = 100", 'value = "100"', r"numbers.toml:3: .*finite number"),
        ('source = "assumed"', 'source = "Marcantonio2021"', r"numbers.toml:6: .*Did you mean 'Marcantonio2022'"),
        ('confidence = "assumed"', 'confidence = "sure"', r"numbers.toml:7: .*measured, inferred"),
        ("value = 100", "value = 100\ninterval = [120, 200]", r"numbers.toml:4: .*outside its own interval"),
        ("value = 100", "value = 100\ninterval = [200, 20]", r"numbers.toml:4: .*interval is .*lower one first"),
        ("value = 100", "valeu = 100", r"numbers.toml:3: .*'valeu'. Did you mean 'value'"),
        ("[k_PTEN]", "[k_PTEN", r"numbers.toml: not a TOML file"),
    ],
)
def test_broken_entries_are_refused_where_they_stand(tmp_path, found, instead, said):
    with pytest.raises(ParameterError, match=said):
        read(tmp_path, GOOD.replace(found, instead, 1))


def test_all_mistakes_are_told_together(tmp_path):
    text = GOOD.replace("value = 100", "value = 1000").replace("value = 314", "value = 1")
    with pytest.raises(ParameterError) as caught:
        read(tmp_path, text)
    assert len(str(caught.value).splitlines()) == 2


def test_a_fitted_value_may_carry_its_interval_in_the_files_unit(tmp_path):
    found = read(tmp_path, GOOD.replace("value = 314", "value = 314\ninterval = [200, 500]"))
    assert found["KD_trastuzumab"].interval == pytest.approx((0.2, 0.5))
    assert found["k_PTEN"].interval is None


def test_calibration_puts_a_value_in_place_of_the_stated_one(tmp_path):
    text = "value = 314\ncalibrated = { value = 400, interval = [300, 500] }"
    entry = read(tmp_path, GOOD.replace("value = 314", text))["KD_trastuzumab"]
    assert (entry.value, entry.stated) == pytest.approx((0.4, 0.314))
    assert entry.interval == pytest.approx((0.3, 0.5))


@pytest.mark.parametrize(
    ("calibrated", "said"),
    [
        ("{ value = 4e4, interval = [1, 2] }", r"numbers.toml:11: .* 40000 pM is outside its range 100 to 8600 pM"),
        (
            "400",
            r"numbers.toml:11: .*calibrated is 400, but should be \{ value = a number, interval = \[low, high\] \}",
        ),
        ("{ value = 400 }", r"numbers.toml:11: .*should be \{ value"),
        ("{ value = 400, interval = [500, 300] }", r"numbers.toml:11: .*should be \{ value"),
    ],
)
def test_a_broken_calibration_is_refused_where_it_stands(tmp_path, calibrated, said):
    with pytest.raises(ParameterError, match=said):
        read(tmp_path, GOOD.replace("value = 314", f"value = 314\ncalibrated = {calibrated}"))


def test_a_missing_parameter_is_named(tmp_path):
    with pytest.raises(ParameterError, match="'KD_trastuzumab' has no entry"):
        read(tmp_path, GOOD.split("[KD")[0])


def test_every_parameter_has_a_source_or_says_assumed():
    for line in parameters.cell_lines():
        for entry in parameters.cell_line(line).entries.values():
            assert entry.source in parameters.sources() or entry.source in OWN_SOURCES
            assert entry.unit and entry.confidence


def test_every_source_is_used_or_belongs_to_a_finding():
    assert {source.read for source in parameters.sources().values()} <= {
        "read",
        "abstract",
        "model",
        "second hand",
        "recalled",
    }


def test_resistant_lines_differ_in_one_number_and_keep_the_anchors():
    for name in ("skbr3", "bt474", "mda_mb_453"):
        parent, child = parameters.cell_line(name), parameters.cell_line(f"{name}_resistant")
        differing = {n for n in parent.entries if parent.entries[n].value != child.entries[n].value}
        assert differing == {"miR21_extra_transcription"}


@pytest.mark.parametrize("name", [n for n in parameters.cell_lines() if not n.endswith("_resistant")])
def test_anchors_hold(name):
    """Rest found by SciPy: growth is ln 2 / doubling time, and total PTEN is 1, or 0 where the gene is lost."""
    model = network_model(name, circuit(), parameters.parameter_values(circuit(), parameters.cell_line(name)))
    values = dict(zip(model.species, np.array(steady_state(model)), strict=True))
    values |= dict(zip(model.parameters, model.parameter_values, strict=True)) | {"time": 0.0}

    def level(quantity):
        formula = {**model.assignments, **model.observables}[quantity]
        return evaluate(model.closed([formula])[0], values)

    assert level("PTEN") == pytest.approx(0.0 if name in ("bt549", "hcc1569") else 1.0, rel=1e-6)
    for anchor in parameters.anchors_in_line(parameters.cell_line(name)):
        target = anchor.target if isinstance(anchor.target, float) else level(anchor.target)
        assert level(anchor.quantity) == pytest.approx(target, rel=1e-6)


def test_misspelt_cell_line_is_answered_with_the_nearest():
    with pytest.raises(KeyError, match="bt474"):
        parameters.cell_line("bt_4747")


def test_a_users_line_may_build_on_a_built_in_one(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[line]\ntitle = "Mine"\nparent = "skbr3"\n\n[HER2_level]\nvalue = 5e5\nunit = "molecules"\n'
        'source = "assumed"\nconfidence = "assumed"\n'
    )
    line = parameters.cell_line_file(file)
    assert line.values["HER2_level"] == 5e5
    assert line.values["mu_max"] == parameters.cell_line("skbr3").values["mu_max"]


def test_agents_reach_existing_species_with_usual_doses_below_the_record():
    agents = parameters.agents()
    for agent in agents.values():
        if agent.acts == "adds":
            assert 0 < agent.usual[0] <= agent.usual[1] <= agent.highest
    assert agents["trastuzumab"].usual[1] == pytest.approx(68.7, rel=2e-3)
    assert {a.name for a in agents.values() if a.acts == "nothing"} >= {"vehicle", "IgG", "scramble oligo"}


def test_reference_dimers_are_those_of_the_reference_cell():
    """8e5 HER2 on the surface and 2.16e4 HER3: arithmetic the notes describe, on what the sources say.

    Both are units in which drives are counted, so that calibration leaves them where they are.
    """
    values = {name: entry.source_value for name, entry in parameters.reference_entries().items()}
    h, k = 8e5, values["K_HER2_HER2"]
    assert values["homodimer_reference"] == pytest.approx((h + k / 4 - ((h + k / 4) ** 2 - h**2) ** 0.5) / 2, rel=1e-3)
    assert values["HER3_dimer_reference"] == pytest.approx(2.16e4 * h / (values["K_HER2_HER3"] + h), rel=1e-3)
