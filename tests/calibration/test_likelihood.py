"""The likelihood against independent references: numeric integration, runs of scenarios, numbers of the sources.

Sets that do not ship are read where the environment variable PATHWAY_OPEN_DATA names their folder.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from calibration.likelihood import Simulated, noise, problem
from calibration.likelihood.screens import divisions_of
from pathway import parameters
from pathway.scenario import read_scenario, run_scenario
from pathway.scenario.read import folder_of_scenarios

DATA = Path(os.environ.get("PATHWAY_OPEN_DATA", "nowhere"))
at_hand = pytest.mark.skipif(not DATA.is_dir(), reason="PATHWAY_OPEN_DATA names no folder")


@pytest.fixture(scope="module")
def shipped():
    return problem()


@pytest.fixture(scope="module")
def full():
    return problem(DATA)


def values_of(one, **wanted):
    """Measured values of data with these attributes."""
    return [d.value for d in one.table if all(getattr(d, key) == value for key, value in wanted.items())]


# Noise


def test_shared_offset_and_gain_are_integrated_out():
    random = np.random.default_rng(3)
    residual, variance = random.normal(size=(1, 5)), random.uniform(0.1, 0.4, (1, 5))
    shared = noise.design(random.uniform(size=(1, 5)), 0.7, 0.5)
    nodes = np.linspace(-7.0, 7.0, 701)
    a, b = np.meshgrid(nodes, nodes)
    left = residual[0] - a[..., None] * shared[0, :, 0] - b[..., None] * shared[0, :, 1]
    density = stats.norm.pdf(left, scale=np.sqrt(variance[0])).prod(axis=-1)
    density *= stats.norm.pdf(a) * stats.norm.pdf(b)
    integral = density.sum() * (nodes[1] - nodes[0]) ** 2
    assert noise.log_density(residual, variance, shared)[0][0] == pytest.approx(np.log(integral), rel=1e-8)


def test_a_background_keeps_a_fold_small_and_a_relative_count_follows_from_GR():
    now, before = np.array([0.3]), np.array([0.01])
    fold = noise.SCALES["log10 fold"]([now, before], np.array([0.5]), np.ones(1), 0.0)
    assert 10.0 ** fold[0] == pytest.approx(0.5 + 0.5 * 30.0)
    rate, hours, gr, divisions = 0.02, 72.0, 0.4, 1.3
    grown = np.array([np.log2(1.0 + gr) * rate * hours])
    count = noise.SCALES["relative count"]([grown, np.array([rate])], np.zeros(1), np.array([divisions]), hours)
    assert count[0] == pytest.approx(2.0 ** (np.log2(1.0 + gr) * divisions) / 2.0**divisions)


def test_a_course_that_only_differs_in_gain_and_offset_is_hardly_punished():
    course = np.array([[0.01, 0.2, 0.35, 0.1, 0.05]])
    scaled = noise.spread(course)
    assert (scaled.min(), scaled.max()) == (0.0, 1.0)
    stretched = 1.2 * scaled + 0.1
    free, _ = noise.log_density(stretched - scaled, np.full((1, 5), 0.01), noise.design(scaled, 0.3, 0.3))
    fixed, _ = noise.log_density(stretched - scaled, np.full((1, 5), 0.01), noise.design(scaled, 0.0, 0.0))
    assert free[0] > fixed[0] + 2.0


# Prior


def test_names_follow_from_the_number_files(shipped):
    assert {"k_PTEN", "skbr3.EGFR_level", "bt474.doubling_time", "loop.PI3K_beta_PTEN"} <= set(shipped.names)
    assert not {"mu_max", "HER2_level", "PTEN_gene", "skbr3.mu_max"} & set(shipped.names)
    assert len(set(shipped.names)) == len(shipped.names)


def test_quantiles_and_values_are_inverse(shipped):
    prior = shipped.prior
    u = np.random.default_rng(1).random((50, len(shipped.names)))
    values = prior.from_cube(u)
    again = prior.to_cube(values)
    numbers = ~prior.is_indicator
    assert again[:, numbers] == pytest.approx(u[:, numbers], abs=1e-9)
    assert (prior.from_cube(again) == pytest.approx(values, rel=1e-9)) and (prior.log_density(values) == 0.0).all()
    outside = values.copy()
    outside[:, prior.place["k_PTEN"]] = 1e9
    assert (prior.log_density(outside) == -np.inf).all()


def test_a_loop_is_off_in_as_many_draws_as_its_prior_says(shipped):
    drawn = shipped.prior.column(shipped.prior.sample(4000, 2), "loop.FOXO_HER3_induction")
    assert set(drawn) == {0.0, 1.0} and drawn.mean() == pytest.approx(0.8, abs=0.03)


# Runs


@pytest.fixture(scope="module")
def chosen(shipped):
    return shipped.prior.chosen()[None]


ARMS = """
title = "Ligands"
cells = "skbr3"
[time]
end = "2 h"
record_every = "5 min"
[dose.HRG]
agent = "HRG"
amount = "10 nM"
[dose.EGF]
agent = "EGF"
amount = "10 nM"
[[arm]]
name = "HRG"
doses = ["HRG"]
[[arm]]
name = "EGF"
doses = ["EGF"]
cells = "bt474"
[show]
observables = ["pAKT", "pERK"]
"""


def test_readings_are_those_of_a_scenario_run(shipped, chosen, tmp_path):
    starving = 'medium = { to = "serum-free", at = "-24 h" }\n' if shipped.plan.starves else ""
    file = tmp_path / "ligands.toml"
    file.write_text(starving + ARMS, encoding="utf-8")
    run = run_scenario(read_scenario(file))
    values = shipped.simulated(chosen).values[0]
    compared = 0
    for reading, value in zip(shipped.plan.readings, values[: len(shipped.plan.readings)], strict=True):
        given = reading.arm.steps[-1].add if reading.arm.steps else ()
        name = given[0][0] if given else ""
        if (reading.arm.line, name) in (("skbr3", "HRG"), ("bt474", "EGF")) and reading.quantity in ("pAKT", "pERK"):
            arm = run.arms[name]
            expected = np.interp(reading.time, arm.times, arm.courses[reading.quantity])
            assert value == pytest.approx(expected, rel=1e-4), reading
            compared += 1
    assert compared > 20


def test_what_stays_the_same_is_not_simulated_again(shipped, chosen):
    simulated = shipped.simulated(chosen)
    moved = chosen.copy()
    moved[:, shipped.is_cheap] = shipped.prior.sample(1, 3)[:, shipped.is_cheap]
    again = shipped.log_likelihood(moved, Simulated(simulated.values)).total()
    assert again == pytest.approx(shipped.log_likelihood(moved).total(), rel=1e-9)
    assert again != shipped.log_likelihood(chosen, simulated).total()


def test_a_vector_that_gives_no_cells_is_told_and_costs_everything(shipped, chosen):
    both = np.concatenate([chosen, chosen])
    both[1, shipped.prior.place["K_growth"]] = np.nan
    found = shipped.log_likelihood(both)
    assert np.isfinite(found.values[0]).all() and (found.values[1] == -np.inf).all()
    assert found.reasons == {1: "K_growth is nan"}


def test_left_out_data_are_predicted_but_do_not_count(shipped, chosen):
    part = problem(without=["bt474"])
    simulated = shipped.simulated(chosen)
    assert not any(column.endswith(":bt474") for column in part.columns)
    whole, rest = shipped.log_likelihood(chosen, simulated), part.log_likelihood(chosen, simulated)
    kept = [k for k, column in enumerate(whole.columns) if column in rest.columns]
    assert whole.values[:, kept] == pytest.approx(rest.values)
    assert np.isfinite(part.predictions(chosen, simulated)).all()
    with pytest.raises(ValueError, match="no set or line is called 'bt475'"):
        problem(without=["bt475"])


# Sources


@at_hand
def test_numbers_of_the_sources_come_out_of_the_readers(full):
    niepel = {"set": "niepel2014_ligand_response", "quantity": "pERK", "label": "EGF 100 ng/mL"}
    assert 10.0 ** max(values_of(full, line="skbr3", **niepel)) == pytest.approx(18.1, abs=0.1)
    bender = {"set": "bender2010_hcc1954_rppa", "label": "EGF"}
    assert 10.0 ** max(values_of(full, quantity="pERK", **bender)) == pytest.approx(7.9, abs=0.5)
    assert 10.0 ** max(values_of(full, quantity="pMEK", **bender)) == pytest.approx(2.0, abs=0.2)
    hpn = {"set": "hpn_dream_rppa", "line": "uacc812", "label": "HRG"}
    assert 10.0 ** max(values_of(full, quantity="pERK", **hpn)) == pytest.approx(3.2, abs=0.05)
    assert 10.0 ** max(values_of(full, quantity="pAKT", **hpn)) == pytest.approx(3.3, abs=0.05)
    tcga = values_of(full, set="tcga_brca_mir21_pten")[0]
    assert 0.0 < tcga < 0.15


@at_hand
def test_plateaus_of_trastuzumab_are_means_without_the_highest_dose(full):
    plateau = values_of(full, set="gray_trastuzumab", line="skbr3", label="trastuzumab 288 nM")
    assert len(plateau) == 2
    assert plateau[0] == pytest.approx(np.mean([0.7734, 0.7387, 0.7418]), abs=1e-4)
    arms = {d.label for d in full.table if d.set == "gray_trastuzumab" and d.line == "mcf7"}
    assert arms == {"trastuzumab 288 nM"}


@at_hand
def test_absent_sets_are_named_and_what_may_not_ship_can_be_left_out(full, shipped):
    assert {one.name for one in shipped.sets} < {one.name for one in full.sets}
    assert all(one.ships for one in problem(DATA, shipped_only=True).sets)
    assert any(text.startswith("hpn_dream_rppa: not in the repository") for text in shipped.absent)


# Findings


def test_findings_are_the_numbers_of_the_scenarios_and_only_those_of_role_calibration(shipped, chosen):
    values = shipped.simulated(chosen).values[0, len(shipped.plan.readings) :]
    assert {finding.expectation.role for finding in shipped.findings.table} == {"calibration"}
    assert not any("V22" in column or "V6@" in column for column in shipped.columns)
    name = "antimir21_resensitises_skbr3"
    run = run_scenario(read_scenario(folder_of_scenarios() / f"{name}.toml"))
    expected = {verdict.expectation.claim: verdict.value for verdict in run.verdicts}
    own = [(f, value) for f, value in zip(shipped.findings.table, values, strict=True) if f.scenario == name]
    assert len(own) == sum(verdict.expectation.role == "calibration" for verdict in run.verdicts)
    for finding, value in own:
        claim = finding.expectation.claim
        assert value == pytest.approx(expected[claim], rel=2e-3, abs=2e-3), claim


def test_a_band_costs_nothing_inside_and_more_the_farther_outside(shipped):
    finding = next(f for f in shipped.findings.table if f.column == "finding:V1@skbr3_resistant")
    assert (finding.expectation.above, finding.expectation.below) == (2.0, 6.0)
    inside, near, far, none = finding.log_density(np.array([3.0, 1.9, 1.2, np.nan]))
    assert inside > -1e-3 > near > -2.0 > far > none == -50.0


def test_findings_stand_apart_from_what_was_measured(shipped, chosen):
    found = shipped.log_likelihood(chosen)
    findings = [column for column, role in zip(found.columns, found.role, strict=True) if role == "finding"]
    assert findings and all(column.startswith("finding:") for column in findings)
    assert problem(findings=False).columns == tuple(c for c in found.columns if c not in findings)
    assert found.total(findings=True)[0] <= found.total()[0]


def test_data_do_not_follow_what_was_calibrated_by_them():
    line = parameters.cell_line("bt474")
    hours = line.entries["doubling_time"].source_value
    assert divisions_of("bt474", {"divisions": "some"}) == (72.0 / hours, "some")
