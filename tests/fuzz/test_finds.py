# ruff: noqa: E501 - models are kept in rows
"""What the fuzzer has found, each made as small as it gets."""

import json

import pytest

from .harness import of_files
from .kinds import EVERYTHING, MEASURED
from .mutate import to_toml
from .stored import finished_fit

PLAIN = {key: value for key, value in MEASURED.items() if key not in ("data", "fit", "analyze")}


def toml(**changes):
    return {"input.toml": to_toml({**PLAIN, **changes}).encode()}


def told(files, *command):
    found = of_files(files, [list(command)])
    assert not found.complaint, found.complaint
    return found.code, found.said


def test_a_long_word_is_not_repeated_in_full():
    code, said = told(toml(show={"observables": ["x" * 5000]}), "check", "input.toml")
    assert code == 1 and "[... " in said and len(said) < 1200


def test_a_long_name_of_a_file_is_not_repeated_in_full():
    code, said = told(toml(data={"file": "x" * 5000}), "check", "input.toml")
    assert code == 1 and "[... " in said and len(said) < 1200


@pytest.mark.parametrize("value", [1e308, 3, {}, [], True])
@pytest.mark.parametrize("key", ["parent", "genotype", "source", "note"])
def test_a_cell_line_whose_words_are_no_text(key, value):
    line = {"line": {"title": "x", key: value}}
    files = toml(cells="line.toml") | {"line.toml": to_toml(line).encode()}
    code, said = told(files, "load", "line.toml")
    assert code == 1 and f"{key} is " in said and "but should be a text" in said


@pytest.mark.parametrize("name", ["input.toml", "line.toml"])
@pytest.mark.parametrize("text", ["x = " + "9" * 5000, "x = " + "[" * 5000, "x = \xff"])
def test_numbers_and_brackets_without_end(name, text):
    files = toml(cells="line.toml") | {"line.toml": b'[line]\ntitle = "x"\n', name: text.encode("latin-1")}
    code, said = told(files, "check", "input.toml") if name == "input.toml" else told(files, "load", "line.toml")
    assert code == 1 and "TOML" in said


@pytest.mark.parametrize("scale", ["2147483647", "-2147483648"])
def test_units_of_any_scale(scale):
    text = EVERYTHING.replace('scale="-9"', f'scale="{scale}"')
    assert told({"model.xml": text.encode()}, "load", "model.xml")[0] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"number": [0]},
        {"number": "1"},
        {"number": -1},
        {"iterations": None},
        {"failures": []},
        {"failures": {"x": "y"}},
        {"seconds": [""]},
        {"objective": "nan"},
        {"x": []},
        {"gradient": ["0x1p0"]},
        {"more": 1},
    ],
)
def test_a_damaged_start_is_done_again(changes):
    files = dict(finished_fit())
    name = "found/start_00000.json"
    files[name] = json.dumps({**json.loads(files[name]), **changes}).encode()
    assert told(files, "resume", "problem.yaml", "found")[0] == 0


def test_events_that_follow_each_other_in_no_time():
    """A reaction that makes 1e300 at once, and an event that takes it away again."""
    text = EVERYTHING.replace('stoichiometry="2"', 'stoichiometry="1e300"').replace(
        'boundaryCondition="true"', 'boundaryCondition="false"'
    )
    start, end = text.index("<listOfEvents>"), text.index("</listOfEvents>")
    text = text[:start] + EMPTYING + text[end:]
    code, said = told({"model.xml": text.encode()}, "simulate", "model.xml")
    assert code == 2 and "events happen without end" in said


MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">'
EMPTYING = f"""<listOfEvents><event id="e" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">
{MATH}<apply><gt/><ci>B</ci><cn>3</cn></apply></math></trigger><listOfEventAssignments><eventAssignment variable="B">
{MATH}<cn>1</cn></math></eventAssignment></listOfEventAssignments></event>"""


@pytest.mark.parametrize(
    ("analysis", "options"),
    [
        ("screen", {"kinds": [5e-324]}),
        ("dose_response", {"steps": -1}),
        ("dose_response", {"doses": [{}]}),
        ("bifurcation", {"seed": -1}),
        ("bifurcation", {"high": float("nan")}),
        ("sensitivity", {"base": True}),
        ("single_cells", {"titration": ["x"]}),
    ],
)
def test_options_of_analyses_of_another_kind(analysis, options):
    code, said = told(toml(analyze={analysis: options}), "check", "input.toml")
    assert code == 1 and f"[analyze.{analysis}]: '{next(iter(options))}' is " in said


def test_a_conversion_factor_that_is_only_known_within_a_reaction():
    text = EVERYTHING.replace(
        'boundaryCondition="false" constant="false"/>',
        'boundaryCondition="false" constant="false" conversionFactor="h"/>',
        1,
    )
    code, said = told({"model.xml": text.encode()}, "load", "model.xml")
    assert code == 1 and "uses 'h', which is not declared" in said


def test_an_algebraic_rule_that_determines_nothing():
    """Whether one of two numbers is zero: no equation for either."""
    text = f"""<sbml xmlns="http://www.sbml.org/sbml/level2/version5" level="2" version="5"><model id="m">
<listOfCompartments><compartment id="c" size="2"/></listOfCompartments>
<listOfParameters><parameter id="p" value="3" constant="false"/></listOfParameters>
<listOfRules><algebraicRule>{MATH}<apply><xor/><ci>p</ci><ci>c</ci></apply></math></algebraicRule></listOfRules>
</model></sbml>"""
    code, said = told({"model.xml": text.encode()}, "simulate", "model.xml")
    assert code == 1 and "the algebraic rules do not determine 'p'" in said


@pytest.mark.parametrize(
    "changes",
    [
        {"medium": {"to": "serum-free", "at": "-1e9 h"}},
        {"dose": {"l": {"agent": "lapatinib", "amount": "1 uM", "at": "-1e9 h"}}},
        {"arm": [{"name": "drug", "doses": ["l"], "knock_down": {"PTEN": {"by": "80 %", "at": "-1e9 h"}}}]},
        {"arm": [{"name": "drug", "doses": ["l"], "changes": {"k_PI3K": {"to": "2 x", "at": "-1e9 h"}}}]},
    ],
)
def test_what_happens_long_before_time_zero_is_recorded_too(changes):
    """A billion hours in steps of one took more memory than there is."""
    code, said = told(toml(**changes), "check", "input.toml")
    assert code == 1 and "record_every would give 1000000006 records from -1e+09 h on; at most 100000 make" in said
