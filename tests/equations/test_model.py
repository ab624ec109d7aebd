"""The model object: equations, initial values, derivatives, totals, and what it refuses."""

import numpy as np
import pytest
import sympy

from pathway.equations import Model, ModelError, conserved_totals, jacobian, parameter_derivatives
from pathway.expressions import number, parse, to_sympy

ONE, MINUS = number(1), number(-1)


def enzyme(**changes) -> Model:
    """Substrate and enzyme bind, the complex gives product: E + S <-> C -> E + P."""
    declared = {
        "name": "enzyme",
        "species": ("E", "S", "C", "P"),
        "parameters": ("kf", "kr", "kc", "E0"),
        "parameter_values": np.array([2.0, 1.0, 0.5, 3.0]),
        "initial": {"E": parse("E0"), "S": parse("2 * E"), "C": number(0), "P": number(0)},
        "rates": {"bind": parse("kf * E * S - kr * C"), "turn": parse("kc * C * boost")},
        "stoichiometry": {
            "E": {"bind": MINUS, "turn": ONE},
            "S": {"bind": MINUS},
            "C": {"bind": ONE, "turn": MINUS},
            "P": {"turn": ONE},
        },
        "assignments": {"share": parse("C / E0"), "boost": parse("1 + share")},
    }
    return Model(**(declared | changes))


def test_initial_values_may_depend_on_each_other():
    assert enzyme().initial_values.tolist() == [3.0, 6.0, 0.0, 0.0]
    circle = {"E": parse("S"), "S": parse("E"), "C": number(0), "P": number(0)}
    with pytest.raises(ModelError, match="E, S depend on each other"):
        _ = enzyme(initial=circle).initial_values


@pytest.mark.parametrize("derive", [jacobian, parameter_derivatives])
def test_sparse_derivatives_are_those_of_sympy(derive):
    model = enzyme()
    names = model.species if derive is jacobian else model.parameters
    wanted = sympy.Matrix([to_sympy(e) for e in model.derivatives.values()]).jacobian(
        [sympy.Symbol(n, real=True) for n in names]
    )
    found = sympy.zeros(*wanted.shape)
    result = derive(model)
    for row, column, entry in zip(result.rows, result.columns, result.entries, strict=True):
        found[row, column] = to_sympy(entry)
    assert (wanted - found).applyfunc(sympy.simplify) == sympy.zeros(*wanted.shape)


def test_enzyme_and_substrate_are_conserved():
    stoichiometric = np.array([[-1, 1], [-1, 0], [1, -1], [0, 1]])
    totals = conserved_totals(enzyme())
    vectors = np.array([[total.get(n, 0.0) for n in enzyme().species] for total in totals])
    assert np.linalg.matrix_rank(vectors) == 2
    assert np.all(vectors @ stoichiometric == 0)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"rates": {"bind": parse("kff * E"), "turn": ONE}}, "the rate of 'bind' uses 'kff', .*Did you mean 'kf'"),
        ({"species": ("E", "S", "C", "P", "kf")}, "'kf' is declared as species and as parameter"),
        ({"parameter_values": np.ones(3)}, "4 parameters but 3 parameter values"),
        ({"initial": {"E": ONE}}, "species 'S' has no initial value"),
    ],
)
def test_a_model_that_contradicts_itself_is_refused(changes, complaint):
    with pytest.raises(ModelError, match=complaint):
        enzyme(**changes)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(KeyError, match="Did you mean 'kf'"):
        enzyme().parameter_index("kff")


def test_concentrations_in_one_compartment_have_totals_whatever_its_size() -> None:
    model = Model(
        name="two compartments",
        species=("A", "B", "C"),
        parameters=("k", "inside", "outside"),
        parameter_values=np.array([1.0, 2.0, 5.0]),
        initial={name: parse("1") for name in "ABC"},
        rates={"turn": parse("k*A"), "leave": parse("k*C")},
        stoichiometry={
            "A": {"turn": parse("-1/inside")},
            "B": {"turn": parse("2/inside")},
            "C": {"leave": parse("-1/outside")},
        },
    )
    assert conserved_totals(model) == ({"A": 2.0, "B": 1.0},) or conserved_totals(model) == ({"A": 1.0, "B": 0.5},)
