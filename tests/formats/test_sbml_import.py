"""What a file means: closed forms, and hand-made traps."""

from __future__ import annotations

import math as m
from pathlib import Path

import numpy as np
import pytest

from pathway.errors import PathwayWarning
from pathway.expressions import evaluate
from pathway.formats.errors import FormatError, Unsupported
from pathway.formats.sbml import read_sbml, read_sbml_text
from tests.formats.sbml_snippets import compartment, math, parameters, reaction, sbml, species
from tests.references.scipy_simulation import simulate

TIMES = np.linspace(0.0, 5.0, 11)
DELAY = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/delay">delay</csymbol>'
TIME = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol>'
RATE = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/rateOf">rateOf</csymbol>'
DECAY = "<apply><times/><ci>k</ci><ci>S</ci><ci>C</ci></apply>"


def level_1(formula: str) -> str:
    """A file in which a formula is text."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2"><model name="m">'
        '<listOfCompartments><compartment name="C"/></listOfCompartments>'
        '<listOfParameters><parameter name="x"/></listOfParameters>'
        f'<listOfRules><parameterRule name="x" formula="{formula}"/></listOfRules></model></sbml>'
    )


def final(text: str, name: str) -> float:
    model = read_sbml_text(text).model
    return float(simulate(model, TIMES, relative_tolerance=1e-10)[name][-1])


def value(mathml: str) -> float:
    """The value that an initial assignment with this formula gives."""
    rule = f'<listOfInitialAssignments><initialAssignment symbol="p">{math(mathml)}</initialAssignment>'
    model = read_sbml_text(sbml(parameters(p=None) + rule + "</listOfInitialAssignments>")).model
    return evaluate(model.closed_assignments["p"], {})


def apply(operator: str, *numbers: float) -> str:
    return f"<apply><{operator}/>" + "".join(f"<cn>{n}</cn>" for n in numbers) + "</apply>"


def test_the_same_product_named_twice_is_made_twice() -> None:
    products = "".join('<speciesReference species="S" stoichiometry="1" constant="true"/>' for _ in range(2))
    text = sbml(
        compartment()
        + species(S=1.0)
        + f'<listOfReactions><reaction id="R" reversible="false"><listOfProducts>{products}</listOfProducts>'
        f"<kineticLaw>{math('<cn>3</cn>')}</kineticLaw></reaction></listOfReactions>"
    )
    assert final(text, "S") == pytest.approx(1.0 + 2 * 3.0 * 5.0, rel=1e-8)


def test_a_growing_compartment_dilutes_what_reacts_in_it() -> None:
    rule = f'<listOfRules><rateRule variable="C">{math("<ci>g</ci>")}</rateRule></listOfRules>'
    text = sbml(
        compartment('size="2"', constant=False)
        + species(S=6.0)
        + parameters(k=0.1, g=0.5)
        + rule
        + f"<listOfReactions>{reaction('R', {'S': 1}, {}, DECAY)}</listOfReactions>"
    )
    found = read_sbml_text(text)
    amount = 6.0 * m.exp(-0.1 * 5.0)
    course = simulate(found.model, TIMES, relative_tolerance=1e-10)
    assert course["S"][-1] == pytest.approx(amount / 4.5, rel=1e-7)
    assert course[str(found.amounts["S"].value)][-1] == pytest.approx(amount, rel=1e-7)


def test_a_concentration_in_a_compartment_of_fixed_size_is_the_state_itself() -> None:
    text = sbml(
        compartment('size="2"')
        + species(S=6.0)
        + parameters(k=0.1)
        + f"<listOfReactions>{reaction('R', {'S': 1}, {}, DECAY)}</listOfReactions>"
    )
    model = read_sbml_text(text).model
    assert model.species == ("S",)
    assert model.initial_values == pytest.approx([3.0])
    assert final(text, "S") == pytest.approx(3.0 * m.exp(-0.5), rel=1e-8)


def test_a_fast_reaction_is_at_equilibrium_from_the_start() -> None:
    fast = reaction(
        "F",
        {"A": 1},
        {"B": 1},
        "<apply><minus/><apply><times/><cn>2</cn><ci>A</ci></apply><ci>B</ci></apply>",
        extra='fast="true"',
    )
    slow = reaction("L", {"B": 1}, {}, "<apply><times/><cn>0.3</cn><ci>B</ci></apply>", extra='fast="false"')
    text = sbml(compartment() + species(A=3.0, B=0.0) + f"<listOfReactions>{fast}{slow}</listOfReactions>", version=1)
    course = simulate(read_sbml_text(text).model, TIMES, relative_tolerance=1e-10)
    # B = 2 A and d(A + B)/dt = -0.3 B, so the sum falls at the rate 0.3 * 2/3.
    total = 3.0 * np.exp(-0.2 * TIMES)
    assert course["B"] == pytest.approx(total * 2 / 3, rel=1e-7)
    assert course["A"] == pytest.approx(total / 3, rel=1e-7)


def test_a_fast_reaction_without_a_stable_equilibrium_is_refused() -> None:
    fast = reaction("F", {"A": 1}, {"B": 1}, "<apply><times/><cn>-1</cn><ci>A</ci></apply>", extra='fast="true"')
    text = sbml(
        compartment() + species(A=3.0, B=1.0) + f"<listOfReactions>{fast}</listOfReactions>",
        version=1,
    )
    with pytest.raises(Unsupported, match="fast reaction 'F'"):
        read_sbml_text(text)


def test_a_model_of_fast_reactions_alone_runs_at_its_rates_with_a_remark() -> None:
    """A -> B -> nothing, as programs write it that mark every reaction as fast (Faratian 2009, BIOMD0000000424)."""
    first = reaction("F", {"A": 1}, {"B": 1}, "<apply><times/><cn>2</cn><ci>A</ci></apply>", extra='fast="true"')
    second = reaction("G", {"B": 1}, {}, "<apply><times/><cn>0.5</cn><ci>B</ci></apply>", extra='fast="true"')
    text = sbml(
        compartment() + species(A=3.0, B=0.0) + f"<listOfReactions>{first}{second}</listOfReactions>", version=1
    )
    with pytest.warns(PathwayWarning, match="all 2 reactions are marked as fast.*run at their written rates"):
        model = read_sbml_text(text).model
    course = simulate(model, TIMES, relative_tolerance=1e-10)
    assert course["A"] == pytest.approx(3.0 * np.exp(-2.0 * TIMES), rel=1e-7)
    assert course["B"] == pytest.approx(4.0 * (np.exp(-0.5 * TIMES) - np.exp(-2.0 * TIMES)), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("uri", ["http://www.sbml.org/sbml/level3/version1/foo/version1", "urn:example:other"])
def test_what_a_file_requires_and_nobody_knows_is_refused(uri: str) -> None:
    text = sbml(parameters(k=1.0))
    needed = text.replace('level="3"', f'xmlns:foo="{uri}" foo:required="true" level="3"', 1)
    with pytest.raises(Unsupported, match=rf"small.xml:2: the file requires the SBML package '{uri}'"):
        read_sbml_text(needed, "small.xml")
    assert read_sbml_text(needed.replace('required="true"', 'required="false"', 1)).model.parameters == ("k",)


def test_an_algebraic_rule_determines_what_nothing_else_does() -> None:
    residual = "<apply><minus/><apply><plus/><ci>x</ci><ci>y</ci></apply><cn>10</cn></apply>"
    rules = (
        f'<listOfRules><rateRule variable="x">{math("<cn>1</cn>")}</rateRule>'
        f"<algebraicRule>{math(residual)}</algebraicRule></listOfRules>"
    )
    assert final(sbml(parameters(x=1.0, y=None) + rules), "y") == pytest.approx(10.0 - 6.0)


def test_an_algebraic_rule_leaves_what_is_constant_alone() -> None:
    listed = "".join(
        f'<species id="{name}" compartment="C" initialAmount="2" hasOnlySubstanceUnits="false" '
        f'boundaryCondition="true" constant="{constant}"/>'
        for name, constant in (("A", "true"), ("B", "false"))
    )
    residual = "<apply><minus/><apply><plus/><ci>A</ci><ci>B</ci></apply><cn>10</cn></apply>"
    rules = f"<listOfRules><algebraicRule>{math(residual)}</algebraicRule></listOfRules>"
    text = sbml(compartment() + f"<listOfSpecies>{listed}</listOfSpecies>" + rules)
    assert final(text, "A") == 2.0
    assert final(text, "B") == pytest.approx(8.0)


def test_an_algebraic_rule_over_determined_quantities_is_refused() -> None:
    rules = (
        f'<listOfRules><rateRule variable="x">{math("<cn>1</cn>")}</rateRule>'
        f"<algebraicRule>{math('<apply><minus/><ci>x</ci><cn>10</cn></apply>')}</algebraicRule></listOfRules>"
    )
    with pytest.raises(Unsupported, match="algebraic rule"):
        read_sbml_text(sbml(parameters(x=1.0) + rules))


def test_rate_of_a_concentration_includes_dilution() -> None:
    rate = (
        '<apply><csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/rateOf">rateOf</csymbol>'
        "<ci>S</ci></apply>"
    )
    rules = (
        f'<listOfRules><rateRule variable="C">{math("<cn>0.5</cn>")}</rateRule>'
        f'<assignmentRule variable="v">{math(rate)}</assignmentRule></listOfRules>'
    )
    law = "<apply><times/><cn>0.1</cn><ci>S</ci><ci>C</ci></apply>"
    text = sbml(
        compartment('size="2"', constant=False)
        + species(S=6.0)
        + parameters(v=None)
        + rules
        + f"<listOfReactions>{reaction('R', {'S': 1}, {}, law)}</listOfReactions>"
    )
    concentration, size = 6.0 * m.exp(-0.5) / 4.5, 4.5
    assert final(text, "v") == pytest.approx(-0.1 * concentration - concentration * 0.5 / size, rel=1e-7)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (apply("factorial", 5), 120.0),
        (apply("quotient", -7, 2), -3.0),
        (apply("rem", -7, 2), -1.0),
        (apply("max", 2, 7, 3), 7.0),
        (apply("min", 2, -7, 3), -7.0),
        (apply("arcsec", 2), m.acos(0.5)),
        (apply("arccsc", 2), m.asin(0.5)),
        (apply("arccot", 2), m.atan(0.5)),
        (apply("sec", 1), 1 / m.cos(1)),
        (apply("coth", 1), 1 / m.tanh(1)),
        (apply("arcsinh", -1e8), m.asinh(-1e8)),
        (apply("arccosh", 3), m.acosh(3)),
        (apply("arctanh", 0.5), m.atanh(0.5)),
        (apply("arcsech", 0.5), m.acosh(2)),
        (apply("arccsch", 0.5), m.asinh(2)),
        (apply("arccoth", 2), m.atanh(0.5)),
        ("<apply><root/><degree><cn>3</cn></degree><cn>-8</cn></apply>", -2.0),
        ("<apply><log/><logbase><cn>2</cn></logbase><cn>8</cn></apply>", 3.0),
        (apply("log", 1000), 3.0),
        ("<apply><xor/><true/><true/><true/></apply>", 1.0),
        ("<apply><implies/><true/><false/></apply>", 0.0),
        (apply("lt", 1, 2, 2), 0.0),
        (apply("leq", 1, 2, 2), 1.0),
        ("<apply><and/><cn>3</cn><cn>-1</cn></apply>", 1.0),
        ("<cn type='rational'>1<sep/>4</cn>", 0.25),
        ("<cn type='e-notation'>2<sep/>3</cn>", 2000.0),
        ("<piecewise><piece><cn>1</cn><false/></piece><otherwise><cn>4</cn></otherwise></piecewise>", 4.0),
    ],
)
def test_uncommon_mathml(formula: str, expected: float) -> None:
    assert value(formula) == pytest.approx(expected, rel=1e-12)


def test_piecewise_without_otherwise_has_no_value_where_nothing_holds() -> None:
    assert m.isnan(value("<piecewise><piece><cn>1</cn><false/></piece></piecewise>"))
    assert m.isnan(value("<piecewise/>"))


def test_avogadro_is_the_number_of_the_specification() -> None:
    mark = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/avogadro">N</csymbol>'
    assert value(mark) == 6.02214179e23


def test_functions_are_put_in_and_local_parameters_keep_to_themselves() -> None:
    function = (
        '<listOfFunctionDefinitions><functionDefinition id="f">'
        + math("<lambda><bvar><ci>x</ci></bvar><apply><times/><ci>x</ci><ci>x</ci></apply></lambda>")
        + "</functionDefinition></listOfFunctionDefinitions>"
    )
    law = (
        f"<kineticLaw>{math('<apply><ci>f</ci><ci>k</ci></apply>')}"
        '<listOfLocalParameters><localParameter id="k" value="3"/></listOfLocalParameters></kineticLaw>'
    )
    product = '<listOfProducts><speciesReference species="S" stoichiometry="1" constant="true"/></listOfProducts>'
    text = sbml(
        function
        + compartment()
        + species(S=0.0)
        + parameters(k=100.0)
        + f'<listOfReactions><reaction id="R" reversible="false">{product}{law}</reaction></listOfReactions>'
    )
    assert final(text, "S") == pytest.approx(9.0 * 5.0)


def defined(**bodies: str) -> str:
    items = "".join(
        f'<functionDefinition id="{name}">{math(body)}</functionDefinition>' for name, body in bodies.items()
    )
    return f"<listOfFunctionDefinitions>{items}</listOfFunctionDefinitions>"


def one_argument(body: str) -> str:
    return f"<lambda><bvar><ci>x</ci></bvar>{body}</lambda>"


def test_functions_may_stand_in_any_order_and_ask_for_rates_and_the_past() -> None:
    functions = defined(
        f=one_argument("<apply><plus/><apply><ci>g</ci><ci>x</ci></apply><cn>1</cn></apply>"),
        g=one_argument(f"<apply><times/><cn>2</cn><apply>{RATE}<ci>x</ci></apply></apply>"),
        h=one_argument(f"<apply>{DELAY}<ci>x</ci><cn>2</cn></apply>"),
    )
    rules = (
        f'<listOfRules><rateRule variable="p">{math("<cn>3</cn>")}</rateRule>'
        f'<assignmentRule variable="v">{math("<apply><ci>f</ci><ci>p</ci></apply>")}</assignmentRule>'
        f'<assignmentRule variable="w">{math("<apply><ci>h</ci><ci>p</ci></apply>")}</assignmentRule></listOfRules>'
    )
    text = sbml(functions + parameters(p=1.0, v=None, w=None) + rules)
    assert final(text, "v") == pytest.approx(7.0)
    assert final(text, "w") == pytest.approx(1.0 + 3.0 * (5.0 - 2.0), rel=1e-7)


def test_a_function_that_calls_itself_is_refused() -> None:
    functions = defined(
        f=one_argument("<apply><ci>g</ci><ci>x</ci></apply>"), g=one_argument("<apply><ci>f</ci><ci>x</ci></apply>")
    )
    call = math("<apply><ci>f</ci><cn>1</cn></apply>")
    rule = f'<listOfRules><assignmentRule variable="y">{call}</assignmentRule></listOfRules>'
    assert "function definition 'f' calls itself" in refusal(sbml(functions + parameters(y=None) + rule))


def test_what_the_file_leaves_open_and_nothing_needs_is_not_a_number() -> None:
    rule = f'<listOfRules><assignmentRule variable="y">{math("<ci>x</ci>")}</assignmentRule></listOfRules>'
    found = read_sbml_text(sbml(parameters(x=None, y=None, z="INF") + rule))
    assert m.isnan(evaluate(found.values["x"], {})) and m.isnan(evaluate(found.values["y"], {}))
    assert evaluate(found.values["z"], {}) == m.inf
    assert not found.model.parameters


def test_units_are_carried_and_never_invented() -> None:
    units = (
        '<listOfUnitDefinitions><unitDefinition id="per_h"><listOfUnits>'
        '<unit kind="second" exponent="-1" scale="0" multiplier="3600"/></listOfUnits></unitDefinition>'
        '<unitDefinition id="nM"><listOfUnits><unit kind="mole" exponent="1" scale="-9" multiplier="1"/>'
        '<unit kind="litre" exponent="-1" scale="0" multiplier="1"/></listOfUnits></unitDefinition>'
        "</listOfUnitDefinitions>"
    )
    listed = (
        '<listOfParameters><parameter id="k" value="1" units="per_h" constant="true"/>'
        '<parameter id="c" value="1" units="nM" constant="true"/><parameter id="q" value="1" constant="true"/>'
        "</listOfParameters>"
    )
    model = read_sbml_text(sbml(units + listed)).model
    assert model.units == {"k": "1/h", "c": "nmol/L"}
    assert model.time_unit == ""


# Refusals: one clear line, before anything runs


def refusal(text: str) -> str:
    with pytest.raises(FormatError) as caught:
        read_sbml_text(text, "bad.xml")
    message = str(caught.value)
    assert "\n" not in message and message.startswith("bad.xml")
    return message


def test_a_delayed_value_is_the_course_some_time_ago() -> None:
    late = math(f"<apply>{DELAY}<ci>x</ci><cn>1.5</cn></apply>")
    rate = math("<apply><times/><cn>-0.4</cn><ci>x</ci></apply>")
    text = sbml(
        parameters(x=8.0, y=None)
        + f'<listOfRules><rateRule variable="x">{rate}</rateRule>'
        + f'<assignmentRule variable="y">{late}</assignmentRule></listOfRules>'
    )
    from pathway.simulation import simulate as run

    course = run(read_sbml_text(text).model, TIMES, relative_tolerance=1e-9)
    assert course["y"] == pytest.approx(8.0 * np.exp(-0.4 * np.maximum(TIMES - 1.5, 0.0)), rel=1e-7)


def test_a_delay_that_feeds_back_is_refused() -> None:
    rate = math(f"<apply><minus/><apply>{DELAY}<ci>x</ci><cn>1</cn></apply></apply>")
    text = sbml(parameters(x=1.0) + f'<listOfRules><rateRule variable="x">{rate}</rateRule></listOfRules>')
    assert "delay() of 'x', which depends on delayed values" in refusal(text)


def test_a_delay_of_changing_length_is_refused() -> None:
    late = math(f"<apply>{DELAY}<ci>x</ci><ci>x</ci></apply>")
    text = sbml(
        parameters(x=1.0, y=None)
        + f'<listOfRules><rateRule variable="x">{math("<cn>1</cn>")}</rateRule>'
        + f'<assignmentRule variable="y">{late}</assignmentRule></listOfRules>'
    )
    assert "delay() by a time that changes" in refusal(text)


def test_the_past_of_what_rests_is_known_for_any_delay() -> None:
    lag = f"<apply><divide/>{TIME}<cn>2</cn></apply>"
    late = math(f"<apply>{DELAY}<apply><plus/><ci>c</ci>{TIME}</apply>{lag}</apply>")
    text = sbml(
        parameters(c=8.0, y=None) + f'<listOfRules><assignmentRule variable="y">{late}</assignmentRule></listOfRules>'
    )
    assert final(text, "y") == pytest.approx(8.0 + 2.5)


def test_a_truncated_file_names_its_line() -> None:
    text = sbml(parameters(x=1.0))
    assert "not well-formed XML" in refusal(text[: len(text) // 2])


def test_a_hundred_thousand_brackets_do_not_end_the_process() -> None:
    deep = "<apply><sin/>" * 100_000 + "<cn>1</cn>" + "</apply>" * 100_000
    rule = f'<listOfRules><assignmentRule variable="x">{math(deep)}</assignmentRule></listOfRules>'
    assert "nested" in refusal(sbml(parameters(x=None) + rule))
    assert "brackets are nested" in refusal(level_1("(" * 100_000 + "1" + ")" * 100_000))


def test_an_external_entity_is_not_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("42")
    head = f'<!DOCTYPE sbml [<!ENTITY e SYSTEM "file://{secret}">]>'
    text = sbml(parameters(x=1.0)).replace("?>\n", f"?>\n{head}\n", 1).replace('id="small"', 'id="small" name="&e;"')
    assert "DOCTYPE" in refusal(text)


def test_a_formula_that_looks_like_code_is_only_text(tmp_path: Path) -> None:
    victim = tmp_path / "ran"
    call = f"__import__('os').system('touch {victim}')"
    rule = f'<listOfRules><assignmentRule variable="x">{math(f"<ci>{call}</ci>")}</assignmentRule></listOfRules>'
    refusal(sbml(parameters(x=None) + rule))
    assert "is no formula" in refusal(level_1(call))
    assert not victim.exists()


def test_functions_that_double_each_other_are_refused() -> None:
    body = "<lambda><bvar><ci>x</ci></bvar><apply><times/>{0}{0}</apply></lambda>"
    definitions = "".join(
        f'<functionDefinition id="f{n}">'
        + math(body.format("<ci>x</ci>" if n == 0 else f"<apply><ci>f{n - 1}</ci><ci>x</ci></apply>"))
        + "</functionDefinition>"
        for n in range(40)
    )
    rule = math("<apply><ci>f39</ci><cn>2</cn></apply>")
    assert "too large" in refusal(
        sbml(
            f"<listOfFunctionDefinitions>{definitions}</listOfFunctionDefinitions>"
            + parameters(y=None)
            + f'<listOfRules><assignmentRule variable="y">{rule}</assignmentRule></listOfRules>'
        )
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (compartment() + species(S=1.0) + "<listOfReactions>{}</listOfReactions>".format(
            reaction("R", {"T": 1}, {}, "<cn>1</cn>")), "names 'T', which is no species"),
        (compartment() + species(S=1.0)
         + reaction("R", {"S": 1}, {}, "<cn>1</cn>").replace(' stoichiometry="1"', "").join(
             ("<listOfReactions>", "</listOfReactions>")), "the stoichiometry of 'S' in reaction 'R' is not given"),
        (parameters(x=None, y=None) + '<listOfRules><rateRule variable="x">' + math("<ci>y</ci>")
         + "</rateRule></listOfRules>", "parameter 'y' is needed but has no value"),
        (parameters(x=None) + '<listOfRules><rateRule variable="x">' + math("<cn>1</cn>") + "</rateRule></listOfRules>",
         "'x' has no initial value"),
        (parameters(x=None, y=None) + '<listOfRules><assignmentRule variable="x">' + math("<ci>y</ci>")
         + '</assignmentRule><assignmentRule variable="y">' + math("<ci>x</ci>") + "</assignmentRule></listOfRules>",
         "in a circle"),
        (parameters(x=None) + '<listOfRules><assignmentRule variable="x">' + math("<ci>nowhere</ci>")
         + "</assignmentRule></listOfRules>", "nowhere"),
    ],
)  # fmt: skip
def test_contradictions_are_named(body: str, words: str) -> None:
    assert words in refusal(sbml(body))


def test_a_flux_balance_problem_is_refused() -> None:
    text = sbml(
        compartment() + species(S=1.0)
        + '<fbc:listOfObjectives fbc:activeObjective="o"><fbc:objective fbc:id="o" fbc:type="maximize"/>'
        "</fbc:listOfObjectives>",
        version=1,
    ).replace(
        'level="3" version="1">',
        'xmlns:fbc="http://www.sbml.org/sbml/level3/version1/fbc/version1" level="3" version="1" fbc:required="false">',
    )  # fmt: skip
    assert "fbc" in refusal(text)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="there is no such file"):
        read_sbml(tmp_path / "nothing.xml")


def test_five_hundred_species() -> None:
    names = [f"S{n}" for n in range(500)]
    reactions = "".join(
        reaction(f"R{n}", {names[n]: 1}, {names[(n + 1) % 500]: 1}, f"<apply><times/><ci>k</ci><ci>S{n}</ci></apply>")
        for n in range(500)
    )
    text = sbml(
        compartment()
        + species(**dict.fromkeys(names, 1.0))
        + parameters(k=1.0)
        + f"<listOfReactions>{reactions}</listOfReactions>"
    )
    model = read_sbml_text(text).model
    assert len(model.species) == 500
    assert len(model.rates) == 500
