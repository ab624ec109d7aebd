"""Steady states of every kind of model, judged by closed forms, linear algebra and long SciPy integrations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pathway.equations import Model
from pathway.expressions import parse
from pathway.simulation import SteadyStateError, stability, steady_state, steady_state_sensitivities
from pathway.simulation.steady import steady_state_vjp
from tests.references.scipy_simulation import compiled
from tests.simulation.models import model_of


def mass_action(name: str, reactions: dict[str, tuple[str, str, float]], start: dict[str, float]) -> Model:
    """Reactions as {rate constant: (educts, products, value)}, species separated by blanks."""
    stoichiometry: dict[str, dict[str, int]] = {species: {} for species in start}
    rates = {}
    for constant, (educts, products, _) in reactions.items():
        rates[f"v_{constant}"] = parse("*".join([constant, *educts.split()]))
        for species in educts.split():
            stoichiometry[species][f"v_{constant}"] = stoichiometry[species].get(f"v_{constant}", 0) - 1
        for species in products.split():
            stoichiometry[species][f"v_{constant}"] = stoichiometry[species].get(f"v_{constant}", 0) + 1
    return Model(
        name=name,
        species=tuple(start),
        parameters=tuple(reactions),
        parameter_values=np.array([value for _, _, value in reactions.values()], dtype=float),
        initial={species: parse(repr(value)) for species, value in start.items()},
        rates=rates,
        stoichiometry={s: {r: parse(str(c)) for r, c in row.items() if c} for s, row in stoichiometry.items()},
    )


def followed(model: Model, parameters: np.ndarray, start: np.ndarray, horizon: float) -> np.ndarray:
    """The state after a long time, by SciPy's implicit Runge-Kutta method."""
    function = compiled(model, list(model.derivatives.values()))
    run = solve_ivp(
        lambda t, y: function(t, y.tolist(), parameters.tolist()),
        (0.0, horizon),
        start,
        method="Radau",
        rtol=1e-10,
        atol=1e-14 * (np.max(start) or 1.0),
    )
    assert run.success
    return run.y[:, -1]


# Outputs.


def test_an_output_that_goes_on_for_ever_does_not_matter() -> None:
    """A source, a sink, and what the sink leaves behind, which nothing reads."""
    model = mass_action("sink", {"make": ("", "A", 3.0), "lose": ("A", "P", 2.0)}, {"A": 0.0, "P": 0.5})
    assert steady_state(model) == pytest.approx([1.5, 0.5], rel=1e-12)
    slopes = steady_state_sensitivities(model, ("make", "lose", "P"))
    assert slopes == pytest.approx(np.array([[0.5, -0.75, 0.0], [0.0, 0.0, 1.0]]), rel=1e-12)


def test_an_output_whose_source_runs_dry_ends_where_the_way_leads() -> None:
    """A decays by two ways, k A and k2 A^2; P counts the first: P = k/k2 log(1 + k2 A0 / k)."""
    model = model_of("dry", {"A": "-k*A - k2*A^2", "P": "k*A"}, {"A": "A0", "P": 0.0}, {"k": 0.7, "k2": 0.3, "A0": 2.0})
    k, k2, a = 0.7, 0.3, 2.0
    p = k / k2 * np.log(1 + k2 * a / k)
    found = steady_state(model)
    assert found == pytest.approx([0.0, p], rel=1e-8, abs=1e-12)
    slopes = steady_state_sensitivities(model, ("k", "k2", "A0"))
    by_k = p / k - a / (k + k2 * a)
    by_k2 = -p / k2 + k / k2 * (a / k) / (1 + k2 * a / k)
    assert slopes[1] == pytest.approx([by_k, by_k2, 1 / (1 + k2 * a / k)], rel=1e-6)
    by_parameters, by_start = steady_state_vjp(model, found, model.parameter_values, np.array([[0.3], [1.0]]))
    forward = steady_state_sensitivities(model, ("k", "k2", "A"))
    assert by_parameters[:2, 0] == pytest.approx(0.3 * forward[0, :2] + forward[1, :2], rel=1e-9)
    assert by_start[0, 0] == pytest.approx(0.3 * forward[0, 2] + forward[1, 2], rel=1e-9)


def test_an_output_that_grows_little_beside_what_it_began_with_keeps_its_start() -> None:
    """P gains 1e-9 per time unit, which in as long as is waited is a trace of its million, and is no rest."""
    model = model_of("counter", {"A": "1 - A", "P": "1e-9*A"}, {"A": 0.0, "P": 1e6}, {})
    assert steady_state(model).tolist() == [pytest.approx(1.0, rel=1e-12), 1e6]


@pytest.mark.parametrize("unit", [1.0, 1e-9])
def test_slopes_along_the_way_are_as_good_in_any_unit(unit: float) -> None:
    """The output that runs dry, whose start is of the size of the unit: P = k/k2 log(1 + k2 A0 / k)."""
    k, k2, a = 0.7, 0.3 / unit, 2.0 * unit
    model = model_of("dry", {"A": "-k*A - k2*A^2", "P": "k*A"}, {"A": "A0", "P": 0.0}, {"k": k, "k2": k2, "A0": a})
    slopes = steady_state_sensitivities(model, ("k", "A0"))[1]
    by_k = np.log(1 + k2 * a / k) / k2 - a / (k + k2 * a)
    assert slopes == pytest.approx([by_k, 1 / (1 + k2 * a / k)], rel=1e-8)


def test_an_output_in_a_total_follows_from_it() -> None:
    model = mass_action("end", {"k": ("A", "P", 0.3)}, {"A": 2.0, "P": 0.25})
    assert steady_state(model) == pytest.approx([0.0, 2.25], abs=1e-12)
    assert steady_state_sensitivities(model, ("k", "A", "P"))[1] == pytest.approx([0.0, 1.0, 1.0], abs=1e-9)


def test_what_grows_and_is_read_is_named() -> None:
    model = model_of("tank", {"P": "k", "Q": "P/(1+P) - Q"}, {"P": 0.0, "Q": 0.0}, {"k": 0.2})
    with pytest.raises(SteadyStateError, match=r"'P' still changes by 0\.2 per time unit"):
        steady_state(model)


# What is zero.


def test_complexes_of_a_drug_that_is_not_there() -> None:
    reactions = {
        "make": ("", "R", 2.0),
        "lose": ("R", "", 0.5),
        "on": ("R D", "C", 3.0),
        "off": ("C", "R D", 0.1),
        "pair": ("C C", "E", 1.0),
        "eat": ("C", "X", 0.2),
    }
    model = mass_action("drug", reactions, {"R": 1.0, "D": 0.0, "C": 0.0, "E": 0.0, "X": 0.0})
    assert steady_state(model) == pytest.approx([4.0, 0.0, 0.0, 0.0, 0.0], abs=1e-12)
    assert steady_state_sensitivities(model, ("make", "lose", "on"))[0] == pytest.approx([2.0, -8.0, 0.0], abs=1e-9)


def test_a_source_that_is_not_there_leaves_what_it_would_have_eaten() -> None:
    """R only changes with D, and there is no D: R stays where it began, and follows its start."""
    model = mass_action("fast", {"k": ("R D", "D", 1.0), "on": ("D", "E", 0.1)}, {"R": 3.0, "D": 0.0, "E": 0.0})
    assert steady_state(model) == pytest.approx([3.0, 0.0, 0.0], abs=1e-14)
    assert steady_state_sensitivities(model, ("k", "R")) == pytest.approx(
        np.array([[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]), abs=1e-12
    )


def test_pairs_that_form_for_good_from_nothing() -> None:
    """The Jacobian at A = 0 is zero: 2 A -> B, with a total of zero."""
    model = mass_action(
        "pairs",
        {"k": ("A A", "B", 1.0), "s": ("", "Y", 1.0), "d": ("Y B", "B", 1.0), "l": ("Y", "", 2.0)},
        {"A": 0.0, "B": 0.0, "Y": 0.1},
    )
    assert steady_state(model) == pytest.approx([0.0, 0.0, 0.5], abs=1e-12)


def test_an_epidemic_without_a_first_case_stays_away() -> None:
    """I = 0 is unstable to a first case, but there is none."""
    model = mass_action(
        "sir",
        {"b": ("S I", "I I", 2.0), "g": ("I", "", 1.0), "m": ("", "S", 0.5), "d": ("S", "", 0.1)},
        {"S": 1.0, "I": 0.0},
    )
    assert steady_state(model) == pytest.approx([5.0, 0.0], rel=1e-12)
    assert steady_state(model, initial={"I": 1e-6}) == pytest.approx([0.5, 0.45], rel=1e-10)


def two_receptors(second: float) -> Model:
    """EGFR and MET as published models have them, before any ligand, antibody or inhibitor is there.

    Everything but the kinases begins at zero; free MET leaves only in pairs, inhibited receptors only by letting go.
    W counts what was degraded.
    """
    reactions = {
        "syn_E": ("", "E", 1.0), "deg_E": ("E", "", 2.3e-3), "syn_M": ("", "M", second),
        "on_EGF": ("E", "EL", 0.0), "off_EGF": ("EL", "E", 2.8), "dim_E": ("EL EL", "E2", 0.032),
        "pho_E": ("E2", "pE2", 1.3), "imp_E": ("pE2", "pE2i", 0.75), "exp_E": ("pE2i", "E E", 0.75),
        "los_E": ("pE2i", "W", 0.067), "on_CET": ("E", "EC", 0.0), "off_CET": ("EC", "E", 0.13),
        "dim_M": ("M M", "M2", 2.6e-5), "pho_M": ("M2", "pM2", 2.5), "imp_M": ("pM2", "pM2i", 0.058),
        "exp_M": ("pM2i", "M M", 0.93), "los_M": ("pM2i", "W", 0.052), "dim_ME": ("M E", "ME", 1.9e-3),
        "pho_ME": ("ME", "pME", 4.6), "imp_ME": ("pME", "pMEi", 0.006), "exp_ME": ("pMEi", "M E", 0.21),
        "los_ME": ("pMEi", "W", 0.24), "on_inh": ("M", "MI", 0.0), "off_inh": ("MI", "M", 1.3e-3),
        "dim_MI": ("MI MI", "MI2", 0.031), "dim_MMI": ("M MI", "MMI", 2.5e-5), "dim_EMI": ("E MI", "EMI", 1.9e-3),
        "ras": ("RAS", "RASGTP", 2.1e-4), "ras_E": ("RAS pE2", "RASGTP pE2", 1.5e-5),
        "ras_M": ("RAS pM2", "RASGTP pM2", 6.6e-6), "ras_off": ("RASGTP", "RAS", 0.33),
        "mapk": ("MAPK RASGTP", "pMAPK RASGTP", 1e3), "mapk_off": ("pMAPK", "MAPK", 2.2),
        "pi3k": ("PI3K", "pPI3K", 3.6e-4), "pi3k_M": ("PI3K pM2", "pPI3K pM2", 0.51),
        "pi3k_off": ("pPI3K", "PI3K", 1.3),
        "akt": ("AKT pPI3K", "pAKT pPI3K", 443.0), "akt_off": ("pAKT", "AKT", 18.0),
    }  # fmt: skip
    names = dict.fromkeys(
        name for educts, products, _ in reactions.values() for name in (educts + " " + products).split()
    )
    return mass_action("receptors", reactions, {n: float(n in ("RAS", "MAPK", "PI3K", "AKT")) for n in names})


@pytest.mark.parametrize("second", [0.0, 0.026])
def test_two_receptors_before_anything_is_given(second: float) -> None:
    model = two_receptors(second)
    found = steady_state(model)
    expected = followed(model, np.array(model.parameter_values), model.initial_values, 1e6)
    inner = [k for k, name in enumerate(model.species) if name != "W"]
    assert found[inner] == pytest.approx(expected[inner], rel=1e-7, abs=1e-10)
    slopes = steady_state_sensitivities(model, model.parameters)
    pulled, _ = steady_state_vjp(model, found, np.array(model.parameter_values), np.eye(len(found)))
    for k in inner:
        assert pulled[:, k] == pytest.approx(slopes[k], rel=1e-9, abs=1e-9 * np.abs(slopes[k]).max())
    e = model.species.index("E")
    if not second:
        assert slopes[e, :2] == pytest.approx([1 / 2.3e-3, -1 / 2.3e-3**2], rel=1e-10)


# Degenerate states.


@pytest.mark.parametrize(
    ("rate", "start", "expected"),
    [("-y^2", 1.0, 0.0), ("-(y-1)^2", 2.0, 1.0), ("-y^3", 3.0, 0.0), ("-k*y*z", 1.0, 0.0)],
)
def test_states_that_are_reached_ever_more_slowly(rate: str, start: float, expected: float) -> None:
    equations = {"y": rate}
    starts: dict[str, float | str] = {"y": start}
    if "z" in rate:
        equations["z"], starts["z"] = rate, start
    model = model_of("slow", equations, starts, {"k": 1.0})
    assert steady_state(model)[0] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("unit", ["1", "1e-25"])
def test_what_creeps_for_ever_does_not_rest_in_any_unit(unit: str) -> None:
    """y ~ t^(-1/9): in as long as was waited y moves by a ninth of itself once more."""
    model = model_of("creep", {"y": f"-{unit}*(y/{unit})^10"}, {"y": float(unit)}, {})
    with pytest.raises(SteadyStateError, match="'y' still changes"):
        steady_state(model)


def test_the_time_at_which_the_rates_end_is_told() -> None:
    """y' = 1 + sqrt(1 - y) comes to 1, where it is no number any more, 2 (1 - log 2) after the start at 3."""
    model = model_of("edge", {"y": "1 + sqrt(1 - y)"}, {"y": 0.0}, {}, start_time=3.0)
    with pytest.raises(SteadyStateError, match="not finite") as caught:
        steady_state(model)
    assert caught.value.time == pytest.approx(5.0 - 2.0 * np.log(2.0), rel=1e-5)


def test_slopes_of_a_state_that_the_way_decides_need_the_way() -> None:
    """D dies out while it eats R: R = R0 exp(-k/d); of the end alone one would think that R had no rate at all."""
    equations, start, values = {"D": "-d*D", "R": "-k*R*D"}, {"D": 1.0, "R": 2.0}, {"d": 0.5, "k": 0.3}
    end = 2.0 * np.exp(-0.6)
    slopes = steady_state_sensitivities(model_of("fading", equations, start, values), ("k", "R"))
    assert slopes[1] == pytest.approx([-2.0 * end, end / 2.0], rel=1e-6)
    with pytest.raises(SteadyStateError, match="not isolated"):
        steady_state_sensitivities(model_of("fading", equations, start, values), ("k", "R"), state=np.array([0.0, end]))


def test_a_decaying_catalyst_leaves_what_it_did() -> None:
    """C dies out while it turns A into B and B into A: the end depends on the way, and A, B read each other."""
    model = model_of(
        "catalyst",
        {"C": "-d*C", "A": "-k*C*A + r*C*B", "B": "k*C*A - r*C*B"},
        {"C": 1.0, "A": 1.0, "B": 0.0},
        {"d": 0.5, "k": 0.3, "r": 0.2},
    )
    d, k, r = 0.5, 0.3, 0.2
    end = r / (k + r) + k / (k + r) * np.exp(-(k + r) / d)
    found = steady_state(model)
    assert found == pytest.approx([0.0, end, 1 - end], abs=1e-8)
    slopes = steady_state_sensitivities(model, ("d", "A"))
    assert slopes[1, 0] == pytest.approx(k / (k + r) * np.exp(-(k + r) / d) * (k + r) / d**2, rel=1e-6)
    pulled = steady_state_vjp(model, found, model.parameter_values, np.array([[0.0], [1.0], [0.0]]))
    assert pulled[0][0, 0] == pytest.approx(slopes[1, 0], rel=1e-9)


# Paces.


def stationary(rates: np.ndarray) -> np.ndarray:
    """Shares of a linear network at rest, by elimination without subtractions (Grassmann, Taksar, Heyman 1985).

    `rates[i, j]` leads from i to j. Every share is right to a few ulp, whatever the paces are.
    """
    q, n = rates.copy(), len(rates)
    for k in range(n - 1, 0, -1):
        q[:k, k] /= q[k, :k].sum()
        q[:k, :k] += np.outer(q[:k, k], q[k, :k])
    shares = np.ones(n)
    for k in range(1, n):
        shares[k] = shares[:k] @ q[:k, k]
    return shares / shares.sum()


@pytest.mark.parametrize("seed", [*range(8), *(pytest.param(k, marks=pytest.mark.slow) for k in range(8, 100))])
def test_linear_networks_whose_paces_lie_twelve_decades_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 9))
    rates, reactions = np.zeros((n, n)), {}
    for i, j in [*((i, (i + 1) % n) for i in range(n)), *rng.integers(n, size=(n, 2)).tolist()]:
        if i != j and not rates[i, j]:
            rates[i, j] = 10 ** rng.uniform(-6, 6)
            reactions[f"k{i}_{j}"] = (f"S{i}", f"S{j}", rates[i, j])
    model = mass_action("linear", reactions, {f"S{i}": 3.0 * (i == 0) for i in range(n)})
    assert steady_state(model) == pytest.approx(3.0 * stationary(rates), rel=1e-8, abs=1e-18)


@pytest.mark.parametrize("slow", [1e-6, 1e-3, 1e-7])
def test_a_slow_turnover_beside_a_fast_exchange(slow: float) -> None:
    """A <-> B at 1e6; A is made and B is lost a thousand billion times more slowly."""
    reactions = {"on": ("A", "B", 1e6), "off": ("B", "A", 3e6), "make": ("", "A", 2 * slow), "lose": ("B", "", slow)}
    model = mass_action("paces", reactions, {"A": 1.0, "B": 5.0})
    b = 2.0
    a = (3e6 * b + slow * b) / 1e6
    assert steady_state(model) == pytest.approx([a, b], rel=1e-9)
    slopes = steady_state_sensitivities(model, ("make", "lose", "on"))
    assert slopes[1] == pytest.approx([1 / slow, -b / slow, 0.0], rel=1e-8, abs=1e-12)


def test_a_slow_turnover_beside_a_fast_binding() -> None:
    """L + R <-> C at 1e6 with turnover of 1e-6: R = make/lose, and C in equilibrium."""
    reactions = {
        "on": ("L R", "C", 1e6),
        "off": ("C", "L R", 1e6),
        "make": ("", "R", 3e-6),
        "lose": ("R", "", 1e-6),
    }
    model = mass_action("binding", reactions, {"L": 2.0, "R": 0.0, "C": 0.0})
    # In the end R is what its own turnover gives, whatever is bound; L + C = 2, C = L R.
    assert steady_state(model) == pytest.approx([0.5, 3.0, 1.5], rel=1e-9)


def test_a_reservoir_that_drains_slowly() -> None:
    model = mass_action(
        "reservoir",
        {"leak": ("S", "A", 1e-9), "lose": ("A", "", 1.0), "make": ("", "A", 1.0)},
        {"S": 1e3, "A": 0.0},
    )
    assert steady_state(model) == pytest.approx([0.0, 1.0], abs=1e-9)


def test_small_amounts_beside_large_ones() -> None:
    """A switch of two genes at 1e-9 beside a metabolite of 1e3: the small one must not jump to its other state."""
    model = model_of(
        "sizes",
        {"U": "4e-9/(1+(V/1e-9)^2) - U", "V": "4e-9/(1+(U/1e-9)^2) - V", "M": "1e3 - M"},
        {"U": 0.1e-9, "V": 3e-9, "M": 1.0},
        {"k": 1.0},
    )
    found = steady_state(model)
    assert found == pytest.approx(followed(model, model.parameter_values, model.initial_values, 1e3), rel=1e-6)
    assert found[1] > 3 * found[0]


def test_rounding_of_large_terms_is_no_movement() -> None:
    """1e12 is added and taken away again; what is left over is rounding."""
    model = model_of(
        "large",
        {"x": "k*(1e12 - 1e12*x/x0) + 1e-3*(2 - y)", "y": "x/x0 - y"},
        {"x": "0.3", "y": "0"},
        {"k": 1.0, "x0": 0.3},
    )
    found = steady_state(model)
    assert found == pytest.approx([0.3 * (1 + 1e-15), 1.0], rel=1e-9)


# Rates with an infinite slope at zero.


@pytest.mark.parametrize(
    ("rate", "expected", "slope"),
    [
        ("k - sqrt(y)", 0.01, 0.2),
        # sqrt(y) = u: u^2 - u - k = 0, dy/dk = 1/(1 - 1/(2u)).
        ("k + sqrt(y) - y", ((1 + 1.4**0.5) / 2) ** 2, 1 / (1 - 1 / (1 + 1.4**0.5))),
        # The solution that stays at zero is the one that a model without a first molecule has.
        ("k*y^0.3 - y", 0.0, 0.0),
    ],
)
def test_rates_with_an_infinite_slope_at_zero(rate: str, expected: float, slope: float) -> None:
    model = model_of("root", {"y": rate}, {"y": 0.0}, {"k": 0.1})
    assert steady_state(model)[0] == pytest.approx(expected, rel=1e-10)
    assert steady_state_sensitivities(model, ("k",))[0, 0] == pytest.approx(slope, rel=1e-9)


# What does not rest.


def brusselator(b: float, start: tuple[float, float]) -> Model:
    return model_of(
        "brusselator", {"x": "1 + x^2*y - b*x - x", "y": "b*x - x^2*y"}, {"x": start[0], "y": start[1]}, {"b": b}
    )


@pytest.mark.parametrize("start", [(1.5, 2.0), (1.0, 3.0), (1.0 + 1e-6, 3.0)])
def test_an_oscillator_is_refused_also_where_it_begins_in_balance(start: tuple[float, float]) -> None:
    with pytest.raises(SteadyStateError, match=r"'[xy]' still changes by|is unstable"):
        steady_state(brusselator(3.0, start))


def test_a_damped_oscillation_comes_to_rest() -> None:
    assert steady_state(brusselator(1.9, (1.5, 2.0))) == pytest.approx([1.0, 1.9], rel=1e-10)


def test_the_ridge_between_two_states_is_refused() -> None:
    model = model_of("ridge", {"U": "4/(1+V^2) - U", "V": "4/(1+U^2) - V"}, {"U": 1.0, "V": 1.0}, {"k": 1.0})
    with pytest.raises(SteadyStateError, match="unstable"):
        steady_state(model)


@pytest.mark.parametrize("start", [0.0, 0.2999, 0.3001, 0.9999, 1.0001, 5.0])
def test_each_start_leads_to_its_own_state(start: float) -> None:
    """y' = -(y - 0.1)(y - 0.3)(y - 1) from either side of 0.3."""
    model = model_of("cubic", {"y": "-(y-0.1)*(y-0.3)*(y-1)"}, {"y": start}, {"k": 1.0})
    assert steady_state(model)[0] == pytest.approx(0.1 if start < 0.3 else 1.0, rel=1e-12)
    assert stability(model, steady_state(model)).stable


# Random networks.


def random_network(rng: np.random.Generator) -> tuple[Model, np.ndarray]:
    """Mass action with cycles, complexes, outputs that nothing reads and pools that are empty."""
    reactions: dict[str, tuple[str, str, float]] = {}
    start: dict[str, float] = {}

    def add(educts: str, products: str) -> None:
        reactions[f"k{len(reactions)}"] = educts, products, float(np.exp(rng.normal(0.0, 1.0)))

    for cycle in range(int(rng.integers(1, 4))):
        names = [f"A{cycle}_{k}" for k in range(int(rng.integers(2, 5)))]
        empty = rng.random() < 0.25
        start |= dict.fromkeys(names, 0.0)
        start[names[0]] = 0.0 if empty else float(np.exp(rng.normal()))
        for one, other in zip(names, names[1:] + names[:1], strict=True):
            add(one, other)
    kinds = list(start)
    for turnover in range(int(rng.integers(0, 3))):
        name = f"T{turnover}"
        start[name] = float(rng.random() < 0.5)
        add("", name)
        add(f"{name} {rng.choice(kinds)}" if rng.random() < 0.3 else name, "" if rng.random() < 0.6 else f"P{turnover}")
        add(name, "")
        if reactions[f"k{len(reactions) - 2}"][1]:
            start[f"P{turnover}"] = 0.0
        elif " " in reactions[f"k{len(reactions) - 2}"][0]:
            educts, _, value = reactions[f"k{len(reactions) - 2}"]
            reactions[f"k{len(reactions) - 2}"] = educts, educts.split()[1], value
    for pair in range(int(rng.integers(0, 3))):
        one, other = rng.choice(kinds, 2, replace=False)
        name = f"C{pair}"
        start[name] = 0.0
        add(f"{one} {other}", name)
        add(name, f"{one} {other}")
    start = {name: value for name, value in start.items()}
    for _, (educts, products, _) in reactions.items():
        for name in (educts + " " + products).split():
            start.setdefault(name, 0.0)
    model = mass_action("random", reactions, start)
    return model, model.initial_values


def check_random(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model, start = random_network(rng)
    p = np.array(model.parameter_values)
    found = steady_state(model)
    late, later = followed(model, p, start, 3e4), followed(model, p, start, 4e4)
    rests = np.abs(late - later) <= 1e-6 * np.abs(late) + 1e-9
    assert found[rests] == pytest.approx(late[rests], rel=1e-6, abs=1e-8), seed
    read = frozenset().union(*(_read(model, name) for name in model.species))
    assert all(rests[k] or name not in read for k, name in enumerate(model.species)), seed
    names = (*model.parameters, *model.species)
    slopes = steady_state_sensitivities(model, names, initial=start)
    bar = rng.normal(size=(len(start), 1))
    bar[~rests] = 0.0
    by_parameters, by_start = steady_state_vjp(model, found, p, bar, start)
    pulled = np.concatenate([by_parameters[:, 0], by_start[:, 0]])
    scale = np.abs(bar[:, 0]) @ np.abs(slopes)
    assert np.all(np.abs(pulled - bar[:, 0] @ slopes) <= 1e-9 * scale + 1e-12), seed
    for name in rng.choice(model.parameters, 2, replace=False):
        k, step = model.parameters.index(name), 1e-3
        ends = []
        for sign in (-1.0, 1.0):
            q = p.copy()
            q[k] *= 1 + sign * step
            ends.append(followed(model, q, start, 3e4))
        difference = (ends[1] - ends[0]) / (2 * step * p[k])
        own = slopes[:, k][rests]
        assert own == pytest.approx(
            difference[rests], rel=1e-4, abs=1e-5 * np.max(np.abs(late[rests]), initial=1e-3)
        ), seed


def _read(model: Model, name: str) -> set[str]:
    from pathway.expressions import symbols

    return set(symbols(model.derivatives[name])) & set(model.species)


def test_no_amount_is_below_zero_by_rounding() -> None:
    for seed in range(80):
        model, start = random_network(np.random.default_rng(seed))
        assert (steady_state(model, initial=start) >= 0.0).all(), seed


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(k, marks=pytest.mark.slow) for k in range(3, 200))])
def test_random_networks_rest_where_scipy_does(seed: int) -> None:
    check_random(seed)
