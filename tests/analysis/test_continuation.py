"""Folds, Hopf points and cusps of textbook systems, against their closed forms."""

import numpy as np
import pytest

from pathway.analysis.continuation import ContinuationSystem, fold_curve, follow_branch, sharpen_fold, steady_system
from pathway.analysis.mistakes import AnalysisError
from pathway.equations import Model
from pathway.expressions import parse


def schloegl(parameter="b", **values):
    # Schloegl 1972: autocatalysis X + X -> 3 X with a cubic loss; p, q, b gather rate constants and held reactants.
    constants = {"p": 6.0, "q": 11.0, "b": 2.0, **values}
    constants.pop(parameter)
    return ContinuationSystem(["x"], [parse("b - q*x + p*x^2 - x^3")], parameter, constants)


def exact_folds(p, q):
    x = (p + np.array([-1.0, 1.0]) * np.sqrt(p * p - 3 * q)) / 3
    return x, x**3 - p * x**2 + q * x


def test_schloegl_folds():
    system = schloegl()
    branch = follow_branch(system, np.array([0.2]), 2.0, 0.0, 12.0)
    x, b = exact_folds(6.0, 11.0)
    assert [p.value for p in branch.folds()] == pytest.approx([b[0], b[1]], abs=1e-9)
    assert [p.state[0] for p in branch.folds()] == pytest.approx([x[0], x[1]], abs=1e-7)
    # Stable, unstable between the folds, stable again; and it goes on to the limit.
    middle = (branch.of("x") > x[0]) & (branch.of("x") < x[1])
    assert (branch.stable == ~middle).all() and branch.ended == "limit"
    assert branch.values[-1] == 12.0
    for found in branch.folds():
        assert sharpen_fold(system, found).value == pytest.approx(found.value, abs=1e-9)


def test_schloegl_fold_curve_and_cusp():
    system = schloegl()
    fold = follow_branch(system, np.array([0.2]), 2.0, 0.0, 12.0).folds()[0]
    curve = fold_curve(system, fold, "q", 5.0, 13.0, limits=(0.0, 20.0))
    for q, b in zip(curve.values, curve.of("b"), strict=True):
        assert np.abs(exact_folds(6.0, q)[1] - b).min() < 1e-6
    # Both folds meet at q = p^2 / 3, x = p / 3.
    assert curve.special[0].kind == "cusp"
    assert curve.special[0].value == pytest.approx(12.0, abs=1e-9)


def test_brusselator_hopf():
    # Prigogine and Lefever 1968: Hopf at b = 1 + a^2 with frequency a.
    a = 1.3
    system = ContinuationSystem(["x", "y"], [parse("a - (b + 1)*x + x^2*y"), parse("b*x - x^2*y")], "b", {"a": a})
    branch = follow_branch(system, np.array([a, 1.0 / a]), 1.0, 0.5, 6.0)
    (hopf,) = branch.special
    assert hopf.kind == "Hopf"
    assert hopf.value == pytest.approx(1 + a * a, abs=1e-9)
    assert hopf.frequency == pytest.approx(a, abs=1e-7)
    assert (branch.stable == (branch.values < 1 + a * a)).all()


def test_a_pair_that_meets_on_the_real_axis_is_no_hopf_point():
    # Eigenvalues l +- sqrt(1e-4 - l^2): complex on either side, but real where their real part changes its sign.
    system = ContinuationSystem(
        ["x", "y"], [parse("l*(x - 1) + y - 1"), parse("(1e-4 - l^2)*(x - 1) + l*(y - 1)")], "l", {}
    )
    branch = follow_branch(system, np.array([1.0, 1.0]), -1.0, -1.0, 1.0)
    assert branch.ended == "limit" and "Hopf" not in [point.kind for point in branch.special]


def toggle(**values):
    # Gardner, Cantor and Collins 2000, doi 10.1038/35002131, with both exponents 2.
    constants = {"a2": 4.0, **values}
    return ContinuationSystem(["u", "v"], [parse("a1/(1 + v^2) - u"), parse("a2/(1 + u^2) - v")], "a1", constants)


def test_toggle_switch_folds():
    branch = follow_branch(toggle(), np.array([0.1, 3.9]), 0.5, 0.1, 30.0)
    assert [p.kind for p in branch.special] == ["fold", "fold"]
    # At rest a1 = u (1 + v(u)^2) with v = a2 / (1 + u^2): folds are the extremes of that curve.
    u = np.polynomial.Polynomial([0.0, 1.0])
    square = (1 + u * u) ** 2
    # d/du [u + 16 u / (1 + u^2)^2] = 0  <=>  (1 + u^2)^3 + 16 (1 + u^2) - 64 u^2 = 0
    roots = (square * (1 + u * u) + 16 * (1 + u * u) - 64 * u * u).roots()
    extremes = sorted(r.real for r in roots if abs(r.imag) < 1e-12 and r.real > 0)
    values = [x + 16 * x / (1 + x * x) ** 2 for x in extremes]
    assert [p.value for p in branch.folds()] == pytest.approx(values, abs=1e-9)


def test_symmetric_toggle_has_a_branch_point_at_two():
    system = ContinuationSystem(["u", "v"], [parse("a/(1 + v^2) - u"), parse("a/(1 + u^2) - v")], "a", {})
    branch = follow_branch(system, np.array([0.5, 0.5]), 0.625, 0.1, 4.0, largest_step=0.01)
    (point,) = branch.special
    assert point.kind == "branch point" and point.value == pytest.approx(2.0, abs=0.05)


def test_closed_curves_end():
    system = ContinuationSystem(["x"], [parse("x^2 + l^2 - 1")], "l", {}, dynamic=False)
    branch = follow_branch(system, np.array([1.0]), 0.0, -2.0, 2.0)
    assert branch.ended == "closed"
    assert sorted(p.value for p in branch.folds()) == pytest.approx([-1.0, 1.0], abs=1e-9)


def test_conserved_totals_and_absent_species_are_left_out():
    # A covalent cycle (total E + P) driven by a held drug D; Q is made from nothing but itself.
    names = ("E", "P", "D", "Q", "count")
    model = Model(
        name="cycle",
        species=names,
        parameters=("k", "d", "total"),
        parameter_values=np.array([2.0, 1.0, 5.0]),
        initial={"E": parse("total"), "P": parse("0"), "D": parse("0"), "Q": parse("0"), "count": parse("0")},
        rates={"on": parse("k*D*E"), "off": parse("d*P"), "growth": parse("P"), "loss": parse("d*Q")},
        stoichiometry={
            "E": {"on": parse("-1"), "off": parse("1")},
            "P": {"on": parse("1"), "off": parse("-1")},
            "D": {},
            "Q": {"loss": parse("-1")},
            "count": {"growth": parse("1")},
        },
        observables={"share": parse("P/(E + P)")},
        outputs=frozenset({"count"}),
    )
    resting = steady_system(model, "D", {"D": 1.0})
    assert len(resting.system.unknowns) == 1 and resting.absent == {"Q"}
    branch = follow_branch(resting.system, resting.start(), 0.5, 0.0, 4.0)
    found = resting.names(branch.states, branch.values)
    assert found["P"] == pytest.approx(5.0 * 2 * branch.values / (1 + 2 * branch.values), abs=1e-9)
    assert found["share"] == pytest.approx(found["P"] / 5.0)
    with pytest.raises(AnalysisError, match="Did you mean 'total'"):
        steady_system(model, "totl")


def test_a_start_far_from_any_state_is_refused():
    with pytest.raises(AnalysisError, match="no steady state"):
        follow_branch(ContinuationSystem(["x"], [parse("x^2 + 1 + l")], "l", {}), np.array([1.0]), 0.0, -0.5, 1.0)
