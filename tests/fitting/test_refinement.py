"""New vectors between the members of an ensemble: against closed forms, and against a simulated bench."""

from dataclasses import replace

import numpy as np
import pytest

from pathway.fitting.laboratory.ensemble_density import EnsembleDensity
from pathway.fitting.laboratory.population_monte_carlo import DrawOptions, Evaluations, population_monte_carlo
from pathway.fitting.laboratory.reweighting import reweight
from pathway.parameters import ParameterError, parameter_ensemble
from pathway.parameters.normal_coordinates import NormalCoordinates
from pathway.parameters.parameter_ensemble import read_ensemble, write_ensemble
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.members import run_members
from pathway.scenario.sampled_cell_lines import parameter_sets_of_ensemble
from pathway.scenario.weighted import effective_sample_size, weighted_quantiles
from tests.fitting.test_reweighting import GIVEN, bench, decay, one_point
from tests.parameters.ensembles import drawn_ensemble

MEMBERS, DIMENSION = 600, 12
NOISE = np.array([0.05, 0.08])
MEASURED = np.array([0.9, -1.1])
SEEN = np.zeros((DIMENSION, 2))
SEEN[:4, 0], SEEN[2:6, 1] = (0.7, -0.4, 0.5, 0.2), (0.3, 0.6, -0.5, 0.4)


def gaussian_ensemble(seed=1):
    """Members of a correlated normal distribution, and its covariance."""
    rng = np.random.default_rng(seed)
    root = np.eye(DIMENSION) + 0.3 * rng.standard_normal((DIMENSION, DIMENSION)) / np.sqrt(DIMENSION)
    return rng.standard_normal((MEMBERS, DIMENSION)) @ root.T, root @ root.T


def judged(places):
    deviations = places @ SEEN - MEASURED
    log_likelihood = -0.5 * ((deviations / NOISE) ** 2).sum(axis=1)
    return Evaluations(log_likelihood, deviations, np.tile(NOISE, (len(places), 1)))


def refined(places, **options):
    weights, start = np.full(MEMBERS, 1.0 / MEMBERS), judged(places)
    density = EnsembleDensity.of_members(places, weights, start.deviations, NOISE)
    draws, drawn_weights = population_monte_carlo(
        density, start, lambda members, steps: judged(density.moved(members, steps)), DrawOptions(**options)
    )
    return density, draws, drawn_weights


def test_the_posterior_of_a_linear_model_is_the_exact_one():
    places, covariance = gaussian_ensemble()
    before = np.exp(judged(places).log_likelihood)
    assert effective_sample_size(before) < 10.0
    density, draws, weights = refined(places, goal=1000.0)
    assert density.directions.shape == (DIMENSION, 2) and effective_sample_size(weights) > 700.0
    vectors = density.moved(draws.members, draws.steps)
    gain = covariance @ SEEN @ np.linalg.inv(SEEN.T @ covariance @ SEEN + np.diag(NOISE**2))
    mean, exact = gain @ MEASURED, covariance - gain @ SEEN.T @ covariance
    found = weights @ vectors
    deviations = np.sqrt(np.diag(exact))
    # The members are a sample themselves: none of their means is known better than to 1 / sqrt(600).
    assert (np.abs(found - mean) < 0.25 * deviations).all()
    spread = np.sqrt(weights @ (vectors - found) ** 2)
    assert spread == pytest.approx(deviations, rel=0.25)
    assert found @ SEEN == pytest.approx(mean @ SEEN, abs=0.02)
    assert np.sqrt(weights @ (vectors @ SEEN - found @ SEEN) ** 2) == pytest.approx(
        np.sqrt(np.diag(SEEN.T @ exact @ SEEN)), rel=0.1
    )


def test_nothing_that_can_be_judged_gives_no_weight_and_stops():
    places, _ = gaussian_ensemble()
    start = judged(places)
    density = EnsembleDensity.of_members(places, np.full(MEMBERS, 1.0 / MEMBERS), start.deviations, NOISE)

    def refused(members, _):
        return Evaluations(np.full(len(members), -np.inf), *np.full((2, len(members), 2), np.nan))

    draws, weights = population_monte_carlo(density, start, refused, DrawOptions(most=60, each=20))
    assert len(draws.members) == 60 and not weights.any()


def test_members_lie_where_they_are_and_keep_their_mean_and_variance():
    places, _ = gaussian_ensemble()
    density, *_ = refined(places, most=20, each=20)
    every = np.arange(MEMBERS)
    assert density.moved(every, density.own_steps) == pytest.approx(places, abs=1e-12)
    rng = np.random.default_rng(1)
    vectors = density.moved(np.tile(every, 50), rng.standard_normal((50 * MEMBERS, 2)))
    assert vectors.mean(axis=0) == pytest.approx(places.mean(axis=0), abs=0.02)
    assert np.cov((vectors @ SEEN).T) == pytest.approx(np.cov((places @ SEEN).T), rel=0.05, abs=0.02)


def test_coordinates_are_normal_quantiles_of_the_range_and_lead_back():
    ensemble = drawn_ensemble(40, seed=3, spread=0.25)
    coordinates = NormalCoordinates.of(ensemble)
    assert len(coordinates.columns) > 100
    places = coordinates.of_values(ensemble.values)
    assert coordinates.placed(ensemble.values, places) == pytest.approx(ensemble.values, rel=1e-9)
    middle = coordinates.placed(ensemble.values, np.zeros_like(places))[0, coordinates.columns]
    positive = coordinates.low > 0.0
    assert middle[positive] == pytest.approx(np.sqrt(coordinates.low * coordinates.high)[positive])


def test_a_simulated_bench_is_refined_to_what_it_measured(tmp_path):
    """The decay of miR-21, which no run decides: a reading at the edge of the members, far finer than they lie."""
    laboratory, ensemble = built_in_laboratory(), drawn_ensemble(60, seed=3, spread=0.25)
    shown = decay(laboratory, ensemble)
    measured, error = float(np.quantile(shown, 0.85)), 0.02 * float(np.std(shown))
    scenario = bench(tmp_path, one_point(measured, error), GIVEN.format(name="miR21_decay"))
    plain = reweight(scenario, laboratory, ensemble, new_vectors=0)
    assert plain.refinement is None and plain.effective_numbers[1] < 5.0 and "fewer than 50" in plain.warning
    found = reweight(scenario, laboratory, ensemble, new_vectors=600)
    new = found.refinement
    assert new.effective_number > 50.0 and new.drawn <= 600 and found.effective_numbers == plain.effective_numbers
    after = decay(laboratory, found.outcome)
    weights = found.outcome.weights_measured
    mean = weights @ after
    assert mean == pytest.approx(measured, abs=0.5 * error)
    assert np.sqrt(weights @ (after - mean) ** 2) == pytest.approx(error, rel=0.25)
    write_ensemble(tmp_path / "refined.npz", found.outcome)
    again = read_ensemble(tmp_path / "refined.npz")
    assert again.columns == found.after.columns[-1:] and again.about["refined"]["drawn"] == new.drawn
    assert again.weights_findings[: len(new.weights)].max() == 0.0
    with pytest.raises(ParameterError, match="in its weights already"):
        reweight(scenario, laboratory, again)


SHIPPED = parameter_ensemble.SHIPPED
HOURS = np.array([0.0, 1.0, 4.0, 24.0, 48.0])
TREATED = ("lapatinib", "HRG", "lapatinib + HRG")
BANDS = ("pAKT", "HER3_total")


def bands_of(members, weights):
    """Logarithms of bands over the untreated ones, by arm and band, shape (n_members, n_times), and the weights."""
    scenario = replace(read_scenario("fit_a_blot"), overlays=(), fit=None)
    laboratory = built_in_laboratory()
    runs = run_members(
        scenario, laboratory, parameter_sets_of_ensemble(laboratory.model, members, weights), times=HOURS
    )
    first = {band: runs.arms["untreated"].courses[band][:, :1] for band in BANDS}
    return {(arm, b): np.log(runs.arms[arm].courses[b] / first[b]) for arm in TREATED for b in BANDS}, runs.weights


def some(of, rows):
    """Members of equal weight."""
    even = np.full(len(rows), 1.0 / len(rows))
    likelihood = of.log_likelihood[rows]
    return replace(of, values=of.values[rows], weights_measured=even, weights_findings=even, log_likelihood=likelihood)


def held(members, weights, truth):
    """In how many of the bands that no gel shows the truth lies within the middle 90 %."""
    bands, own = bands_of(members, weights)
    ends = {key: weighted_quantiles(course, own, (0.05, 0.95)) for key, course in bands.items()}
    return sum(
        int((ends[k][0, t] <= truth[k][0, t]) & (truth[k][0, t] <= ends[k][1, t])) for k in bands for t in (2, 4)
    )


@pytest.mark.slow
def test_one_gel_of_a_cell_that_is_no_member_is_refined_to_that_cell(tmp_path):
    """Seven lanes at 1 and 24 h, whose bands scatter by 15 %, of a member that is taken out; asked are 4 and 48 h."""
    ensemble, rng = read_ensemble(SHIPPED), np.random.default_rng(5)
    picked = rng.choice(np.flatnonzero(ensemble.weights_measured > 0.0), 304, replace=False)
    truth, _ = bands_of(some(ensemble, picked[:1]), np.ones(1))
    lanes = [("untreated", 0), *((arm, k) for arm in TREATED for k in (1, 3))]
    rows = ["arm,time,gel,loading,pAKT [a.u.],HER3_total [a.u.]"]
    for arm, k in lanes:
        shown = [np.exp(truth[arm, b][0, k]) if k else 1.0 for b in BANDS]
        rows.append(
            f"{arm},{HOURS[k]:g} h,A,1.0," + ",".join(f"{1e4 * x * np.exp(0.15 * rng.normal()):.1f}" for x in shown)
        )
    (tmp_path / "fit_a_blot.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "mine.toml").write_bytes(read_scenario("fit_a_blot").file.read_bytes())
    found = reweight(
        read_scenario(tmp_path / "mine.toml"), built_in_laboratory(), some(ensemble, picked[4:]), new_vectors=1200
    )
    assert found.refinement.effective_number > 8.0 * found.effective_numbers[1]
    assert found.refinement.members_around > 2.0 * found.effective_numbers[1]
    members = held(found.after, found.after.weights_measured, truth)
    vectors = held(found.outcome, found.outcome.weights_measured, truth)
    assert members <= 8 and vectors >= 10
