"""Synergy references against closed forms and, where it is installed, against the GPL package `synergy`."""

import numpy as np
import pytest

from pathway.analysis.hill_curves import HillCurve
from pathway.analysis.mistakes import AnalysisError
from pathway.analysis.synergy import (
    EffectSurface,
    InterpolatedCurve,
    MuSyC,
    bliss_excess,
    fit_musyc,
    highest_single_agent_excess,
    loewe_excess,
    zip_delta,
)
from pathway.analysis.synergy.isoboles import isobole
from pathway.analysis.synergy.loewe import combination_index, expected_effects
from pathway.analysis.synergy.scales import effects_on_scale, synergy_verdict, verdict_flips

FIRST = HillCurve(1.0, 0.3, 2.0, 1.4)
SECOND = HillCurve(1.0, 0.1, 5.0, 0.9)
DOSES = np.array([0.0, 0.25, 0.5, 1, 2, 4, 8, 16])
DOSES_SECOND = DOSES * 3


def grid(effect, first=DOSES, second=DOSES_SECOND):
    return EffectSurface("a", "b", first, second, np.asarray(effect, dtype=float))


def product():
    return grid(FIRST.effect(DOSES)[:, None] * SECOND.effect(DOSES_SECOND)[None, :])


def potentiated():
    surface = MuSyC(1.0, 0.3, 0.1, 0.02, 2.0, 5.0, 1.4, 0.9, 3.0, 0.5)
    return surface, grid(surface.effect(DOSES[:, None], DOSES_SECOND[None, :]))


def test_independent_agents_have_no_bliss_excess_and_no_zip_excess():
    assert np.abs(bliss_excess(product()).values).max() < 1e-15
    assert np.abs(zip_delta(product()).values).max() < 1e-6


def test_highest_single_agent():
    surface = grid([[1.0, 0.6], [0.8, 0.5]], [0.0, 1.0], [0.0, 1.0])
    assert highest_single_agent_excess(surface).values[1, 1] == pytest.approx(0.1)
    assert bliss_excess(surface).values[1, 1] == pytest.approx(0.8 * 0.6 - 0.5)


def test_two_killers_have_no_bliss_expectation():
    surface = grid([[1.0, -0.2], [-0.3, -0.5]], [0.0, 1.0], [0.0, 1.0])
    found = bliss_excess(surface)
    assert found.listed()[1][1] is None and found.undefined[0].row == 1
    assert found.mean() is None


def test_an_agent_with_itself_is_loewe_additive():
    # A sham combination: the effect of the sum of the doses.
    surface = grid(SECOND.effect(DOSES[:, None] + DOSES[None, :]), DOSES, DOSES)
    found = loewe_excess(surface, SECOND, SECOND)
    assert not found.undefined
    assert np.abs(found.values).max() < 1e-10
    index = combination_index(surface, SECOND, SECOND)
    assert np.abs(index.compressed() - 1.0).max() < 1e-10
    assert (np.ma.getmaskarray(index)[1:, 1:] == False).all() and index.count() == 49  # noqa: E712


def test_loewe_in_closed_form_for_equal_slopes():
    # Same bottom and slope: D2 = D1 * half2 / half1, so dose 2 counts as (half1/half2) of agent 1.
    strong, weak = HillCurve(1.0, 0.2, 1.0, 1.3), HillCurve(1.0, 0.2, 4.0, 1.3)
    found = expected_effects(strong, weak, np.array([0.0, 0.7]), np.array([0.0, 2.0, 8.0]))
    exact = strong.effect(np.array([0.0, 0.7])[:, None] + np.array([0.0, 2.0, 8.0])[None, :] / 4.0)
    assert found == pytest.approx(exact, abs=1e-12)


def test_beyond_the_weaker_agent_loewe_is_undefined_with_a_reason():
    surface = grid(FIRST.effect(DOSES)[:, None] * SECOND.effect(DOSES_SECOND)[None, :])
    found = loewe_excess(surface, FIRST, SECOND)
    assert np.isfinite(found.values.filled(0.0)).all()
    cells = {(u.row, u.column) for u in found.undefined}
    # Agent a never leaves less than 0.3; b at 48 alone leaves 0.21.
    assert (1, 7) in cells and (1, 1) not in cells and (0, 7) not in cells
    assert "a alone reaches only 0.3" in found.undefined[0].reason


def test_interpolated_curve_goes_through_its_points_and_back():
    curve = InterpolatedCurve(DOSES, FIRST.effect(DOSES))
    assert curve.effect(DOSES) == pytest.approx(FIRST.effect(DOSES), abs=1e-14)
    assert curve.dose(curve.effect(1.7)) == pytest.approx(1.7, rel=1e-9)
    assert float(curve.dose(0.31)) == np.inf


def test_musyc_is_the_stationary_state_of_four_groups():
    surface, _ = potentiated()
    for one, two in ((0.4, 3.0), (7.0, 0.1), (16.0, 48.0)):
        a, b = (one / 2.0) ** 1.4, (two / 5.0) ** 0.9
        a2, b1 = (0.5 * one / 2.0) ** 1.4, (3.0 * two / 5.0) ** 0.9
        rates = np.array([[-a - b, 1, 1, 0], [a, -1 - b1, 0, 1], [b, 0, -1 - a2, 1], [0, b1, a2, -2]], dtype=float)
        rates[3] = 1.0
        shares = np.linalg.solve(rates, [0, 0, 0, 1.0])
        assert float(surface.effect(one, two)) == pytest.approx(shares @ [1.0, 0.3, 0.1, 0.02], abs=1e-12)


def test_musyc_fit_finds_its_numbers_again():
    surface, data = potentiated()
    found = fit_musyc(data)
    for name, value in surface.to_dict().items():
        assert found.surface.to_dict()[name] == pytest.approx(value, rel=1e-4, abs=1e-6), name
    assert found.r_squared == pytest.approx(1.0, abs=1e-9)


def test_isobole_of_additive_agents_is_a_straight_line():
    doses = np.linspace(0, 16, 33)
    surface = grid(SECOND.effect(doses[:, None] + doses[None, :]), doses, doses)
    line = isobole(surface, float(SECOND.effect(8.0)))
    assert line.doses_first + line.doses_second == pytest.approx(8.0, abs=0.02)
    assert line.additive == (pytest.approx(8.0, abs=1e-6), pytest.approx(8.0, abs=1e-6))


def test_an_isobole_has_a_point_for_each_dose_of_either_agent():
    doses = np.linspace(0, 16, 9)
    line = isobole(grid(SECOND.effect(doses[:, None] + doses[None, :]), doses, doses), float(SECOND.effect(7.0)))
    below = doses[doses < 7.0].tolist()
    assert set(below) <= set(line.doses_first.tolist())
    assert set(below) <= set(line.doses_second.tolist())


def test_an_isobole_is_sorted_along_the_first_agent_and_ends_where_it_starts():
    """A sham combination at the effect of dose 7, and an effect that nothing is needed for."""
    doses = np.linspace(0, 16, 9)
    surface = grid(SECOND.effect(doses[:, None] + doses[None, :]), doses, doses)
    line = isobole(surface, float(SECOND.effect(7.0)))
    assert np.diff(line.doses_first).min() >= 0.0 and np.diff(line.doses_second).max() < 0.0
    assert line.doses_first == pytest.approx([0, 0, 1, 2, 3, 4, 5, 6, 7], abs=0.2)
    assert line.doses_second == pytest.approx([8, 7, 6, 5, 4, 3, 2, 1, 0], abs=0.2)
    nothing = isobole(surface, 2.0)
    assert (list(nothing.doses_first), list(nothing.doses_second), nothing.additive) == ([0.0], [0.0], (0.0, 0.0))


def test_every_cell_that_flips_is_named_and_no_other():
    control = 2.0
    logs = control * np.array([[1.0, 0.6, 0.4], [0.6, 0.27, 0.1], [0.5, 0.2, 0.21]])
    scales = {"growth rate": logs / control, "GR": 2 ** (logs / control) - 1, "count": np.exp(logs - control)}
    for scale, exact in scales.items():
        assert effects_on_scale(logs, control, scale) == pytest.approx(exact, rel=1e-12)
    gaps = {s: e[1:, :1] * e[:1, 1:] / e[0, 0] - e[1:, 1:] for s, e in scales.items()}
    mixed = (np.max(list(gaps.values()), axis=0) >= 0.01) & (np.min(list(gaps.values()), axis=0) <= -0.01)
    found = verdict_flips({s: grid(e, [0.0, 1.0, 2.0], [0.0, 1.0, 2.0]) for s, e in scales.items()})
    assert (
        {(f.row, f.column) for f in found}
        == {(1 + i, 1 + j) for i, j in np.argwhere(mixed)}
        == {(1, 1), (1, 2), (2, 1)}
    )
    assert found[0].excess == pytest.approx({s: gap[0, 0] for s, gap in gaps.items()})


def test_errors_of_a_musyc_fit_are_those_of_least_squares():
    """Against SciPy's covariance in the same numbers, potencies, slopes and alphas as logarithms."""
    from scipy.optimize import curve_fit

    _, data = potentiated()
    noisy = grid(data.effect + 0.005 * np.random.default_rng(1).normal(size=data.effect.shape))
    found = fit_musyc(noisy)
    values = list(found.surface.to_dict().values())[:10]

    def surface(at, *numbers):
        return MuSyC(*numbers[:4], *np.exp(numbers[4:])).effect(*at)

    at = np.stack(np.meshgrid(DOSES, DOSES_SECOND, indexing="ij")).reshape(2, -1)
    start = [*values[:4], *np.log(values[4:])]
    _, covariance = curve_fit(surface, at, noisy.effect.ravel(), p0=start)
    assert list(found.standard_errors.values()) == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-3)


def test_what_an_agent_without_effect_leaves_unknown_has_no_error():
    found = fit_musyc(grid(FIRST.effect(DOSES)[:, None] * np.ones(len(DOSES_SECOND))[None, :]))
    unknown = {name for name, error in found.standard_errors.items() if not np.isfinite(error)}
    assert {"half_second", "slope_second", "alpha_12"} == unknown


def test_the_verdict_can_flip_between_scales():
    # Additive in counts (rates subtract) is antagonistic in growth-rate terms: 1 - 0.4 - 0.4 = 0.2 < 0.6 * 0.6.
    control = 2.0
    logs = control * np.array([[1.0, 0.6], [0.6, 0.27]])
    surfaces = {
        s: grid(effects_on_scale(logs, control, s), [0.0, 1.0], [0.0, 1.0]) for s in ("growth rate", "GR", "count")
    }
    assert synergy_verdict(bliss_excess(surfaces["growth rate"]).mean()) == "synergy"
    assert synergy_verdict(bliss_excess(surfaces["count"]).mean()) == "antagonism"
    assert verdict_flips(surfaces)[0].row == 1
    assert effects_on_scale(logs, control, "GR")[0, 0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("doses", "words"),
    [([0.0, 0.0], "all doses of the grid are 0"), ([1.0, 2.0], "must start at 0"), ([0.0], "one more")],
)
def test_bad_grids_are_refused_in_words(doses, words):
    with pytest.raises(AnalysisError, match=words):
        grid(np.ones((len(doses), 2)), doses, [0.0, 1.0])


class TestAgainstTheSynergyPackage:
    """An independent implementation, `synergy` 1.0.0 (Wooten and Albert 2020; GPL): an oracle of the tests only."""

    def long(self, surface):
        rows, columns = np.meshgrid(surface.doses_first, surface.doses_second, indexing="ij")
        return rows.ravel(), columns.ravel(), surface.effect.ravel()

    def singles(self):
        from synergy.single import Hill as Oracle

        return [Oracle(E0=h.top, Emax=h.bottom, h=h.slope, C=h.half) for h in (FIRST, SECOND)]

    def test_bliss_and_hsa(self):
        from synergy.combination import HSA, Bliss

        _, surface = potentiated()
        one, two, found = self.long(surface)
        first, second = self.singles()
        for oracle, ours in ((Bliss, bliss_excess), (HSA, highest_single_agent_excess)):
            model = oracle(drug1_model=first, drug2_model=second)
            theirs = np.asarray(model.fit(one, two, found)).reshape(surface.effect.shape)
            assert ours(surface).values.data == pytest.approx(theirs, abs=1e-6)

    def test_loewe(self):
        from synergy.combination import Loewe

        _, surface = potentiated()
        one, two, found = self.long(surface)
        first, second = self.singles()
        theirs = np.asarray(Loewe(mode="delta_nan", drug1_model=first, drug2_model=second).fit(one, two, found))
        ours = loewe_excess(surface, FIRST, SECOND).values
        # The same cells are undefined; elsewhere their bounded minimiser stops at about 1e-5.
        assert np.array_equal(np.ma.getmaskarray(ours).ravel(), np.isnan(theirs))
        defined = ~np.isnan(theirs)
        assert ours.data.ravel()[defined] == pytest.approx(theirs[defined], abs=3e-5)
        index = np.asarray(Loewe(mode="CI", drug1_model=first, drug2_model=second).fit(one, two, found))
        mine = combination_index(surface, FIRST, SECOND).ravel()
        both = ~np.ma.getmaskarray(mine) & np.isfinite(index)
        assert both.sum() > 20
        assert mine.data[both] == pytest.approx(index[both], rel=1e-6)

    def test_zip(self):
        from synergy.combination import ZIP

        _, surface = potentiated()
        one, two, found = self.long(surface)
        first, second = self.singles()
        theirs = np.asarray(ZIP(drug1_model=first, drug2_model=second).fit(one, two, found)).reshape(
            surface.effect.shape
        )
        assert zip_delta(surface).values.data == pytest.approx(theirs, abs=1e-6)

    def test_musyc_surface(self):
        from synergy.combination import MuSyC as Oracle

        ours, surface = potentiated()
        one, two, found = self.long(surface)
        theirs = Oracle(
            E0=1.0,
            E1=0.3,
            E2=0.1,
            E3=0.02,
            h1=1.4,
            h2=0.9,
            C1=2.0,
            C2=5.0,
            alpha12=3.0,
            alpha21=0.5,
            gamma12=1.0,
            gamma21=1.0,
        )
        assert found == pytest.approx(theirs.E(one, two), abs=1e-10)
        assert ours.beta == pytest.approx(theirs.beta, rel=1e-12)


def test_an_agent_that_stops_growth_and_one_that_kills_leave_nothing_by_bliss():
    """Their product is zero, which is no gain: only where both kill is there no expectation."""
    for effect in ([[1.0, 0.0], [-0.3, -0.4]], [[1.0, -0.3], [0.0, -0.4]]):
        found = bliss_excess(grid(effect, [0.0, 1.0], [0.0, 1.0]))
        assert found.undefined == () and found.values[1, 1] == pytest.approx(0.4)
