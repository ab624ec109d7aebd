"""Ensembles: every member is what it would be alone."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pathway.equations import Event
from pathway.errors import InputError
from pathway.expressions import parse
from pathway.simulation import (
    Intervention,
    SimulationError,
    simulate,
    simulate_ensemble,
    simulate_to_file,
    steady_state,
)
from tests.simulation.models import chain, chain_solution, model_of, toggle

TIMES = np.linspace(0.0, 20.0, 11)


def draws(n: int, seed: int = 0) -> np.ndarray:
    return toggle().parameter_values * np.exp(0.3 * np.random.default_rng(seed).normal(size=(n, 5)))


def test_a_member_has_the_same_bits_alone_and_in_any_company() -> None:
    members = draws(37)
    together = simulate_ensemble(toggle(), TIMES, members, workers=1)
    threads = simulate_ensemble(toggle(), TIMES, members, workers=3)
    order = np.random.default_rng(1).permutation(37)
    shuffled = simulate_ensemble(toggle(), TIMES, members[order], workers=2)
    assert np.array_equal(together.values, threads.values)
    assert np.array_equal(together.values[order], shuffled.values)
    for member in (0, 17, 36):
        alone = simulate(toggle(), TIMES, parameters=members[member])
        assert np.array_equal(together.values[member], alone.values)


def test_members_meet_their_closed_form() -> None:
    members = np.random.default_rng(3).uniform(0.1, 2.0, size=(50, 2))
    found = simulate_ensemble(chain(), TIMES, members, relative_tolerance=1e-8)
    for row, (k1, k2) in zip(found.values, members, strict=True):
        assert row == pytest.approx(chain_solution(TIMES, k1=k1, k2=k2), rel=1e-6, abs=1e-6)
    assert found["A"].shape == (50, 11)
    assert np.asarray(found).shape == found.shape == (50, 11, 3)


def test_doses_for_all_and_for_each() -> None:
    members = draws(9)
    dose = [Intervention(4.0, add={"F": 1.0}), Intervention(6.0, scale={"d": 0.5})]
    found = simulate_ensemble(toggle(), TIMES, members, interventions=dose)
    own = [[Intervention(float(k), add={"F": float(k)})] for k in range(9)]
    each = simulate_ensemble(toggle(), TIMES, members, interventions=own, absolute_tolerance=1e-9)
    for k in range(9):
        alone = simulate(toggle(), TIMES, parameters=members[k], interventions=dose)
        assert np.array_equal(found.values[k], alone.values)
        alone = simulate(toggle(), TIMES, parameters=members[k], interventions=own[k], absolute_tolerance=1e-9)
        assert np.array_equal(each.values[k], alone.values)


def test_a_member_as_a_trajectory_is_what_simulate_gives() -> None:
    members = draws(9)
    own = [
        [Intervention(float(k), add={"F": float(k)}, scale={"d": 0.5}), Intervention(9.0, set={"a": k})]
        for k in range(9)
    ]
    found = simulate_ensemble(toggle(), TIMES, members, interventions=own)
    for k in range(9):
        alone, among = simulate(toggle(), TIMES, parameters=members[k], interventions=own[k]), found.trajectory(k)
        for part in ("values", "parameters", "end"):
            assert np.array_equal(getattr(among, part), getattr(alone, part))
        assert vars(among.statistics) == vars(alone.statistics) and among.statistics.steps > 0
        assert among.parameters[-1, toggle().parameter_index("a")] == k


def test_a_member_that_failed_or_was_not_recorded_is_no_trajectory() -> None:
    model = model_of("growth", {"x": "k*x^2 - x"}, {"x": 1.0}, {"k": 0.5})
    found = simulate_ensemble(model, [0.0, 5.0], np.array([[0.5], [3.0]]))
    assert found.trajectory(0)["x"][-1] < 1.0
    with pytest.raises(SimulationError, match="x"):
        found.trajectory(1)
    with pytest.raises(InputError, match="ensemble of all species"):
        simulate_ensemble(chain(), TIMES, chain().parameter_values[None], observables=["total"]).trajectory(0)


def test_an_error_names_what_moves_at_the_parameters_in_force() -> None:
    # Without the intervention y stands still; with it, y runs away.
    model = model_of("growth", {"x": "-x", "y": "k*y^2"}, {"x": 1e3, "y": 1.0}, {"k": 0.0})
    found = simulate_ensemble(model, [0.0, 5.0], np.zeros((6, 1)), interventions=[Intervention(1.0, set={"k": 1.0})])
    assert [error.species for error in found.failures.values()] == ["y"] * 6


def test_observables_are_recorded_in_the_loop() -> None:
    members = np.random.default_rng(3).uniform(0.1, 2.0, size=(6, 2))
    found = simulate_ensemble(chain(), TIMES, members, observables=["share", "total", "B"])
    for k in range(6):
        alone = simulate(chain(), TIMES, parameters=members[k])
        expected = np.stack([alone["share"], alone["total"], alone["B"]], axis=1)
        assert found.values[k] == pytest.approx(expected, rel=1e-13)


def test_each_member_can_start_from_its_own_steady_state() -> None:
    members = draws(10)
    found = simulate_ensemble(toggle(), [0.0, 1.0], members, initial="steady_state")
    for k in range(10):
        assert found.values[k, 0] == pytest.approx(steady_state(toggle(), members[k]), rel=1e-9)
        assert found.values[k, 1] == pytest.approx(found.values[k, 0], rel=1e-8)


def test_a_member_that_blows_up_leaves_the_others_as_they_are() -> None:
    model = model_of("growth", {"x": "k*x^2 - x"}, {"x": 1.0}, {"k": 0.5})
    members = np.linspace(0.1, 0.9, 23)[:, None]
    quiet = simulate_ensemble(model, [0.0, 5.0], members)
    members[7], members[12] = 3.0, np.nan
    loud = simulate_ensemble(model, [0.0, 5.0], members)
    assert list(loud.failures) == [7, 12]
    assert "x" in str(loud.failures[7])
    others = [k for k in range(23) if k not in (7, 12)]
    assert np.array_equal(loud.values[others], quiet.values[others])
    assert np.isnan(loud.values[[7, 12]]).all() and np.isfinite(loud.values[others]).all()


def test_events_work_in_ensembles() -> None:
    refill = Event("refill", parse("A < 1"), {"A": parse("10")})
    model = model_of("refilled", {"A": "-k*A"}, {"A": 10.0}, {"k": 1.0}, events=(refill,))
    members = np.array([[0.5], [1.0], [2.0]])
    found = simulate_ensemble(model, TIMES[:6], members)
    assert len(found) == 3 and found.shape == (3, 6, 1)
    for k in range(3):
        alone = simulate(model, TIMES[:6], parameters=members[k])
        assert np.array_equal(found.values[k], alone.values)
        assert vars(found.trajectory(k).statistics) == vars(alone.statistics) and alone.statistics.events > 0


def test_any_executor_gives_the_same_bits() -> None:
    members = draws(21)
    here = simulate_ensemble(toggle(), TIMES, members)
    with ThreadPoolExecutor(2) as pool:
        there = simulate_ensemble(toggle(), TIMES, members, executor=pool, chunk=5)
    assert np.array_equal(here.values, there.values)


def test_a_model_that_has_run_can_be_sent_elsewhere() -> None:
    model = toggle()
    first = simulate(model, TIMES)
    assert np.array_equal(simulate(pickle.loads(pickle.dumps(model)), TIMES).values, first.values)


def test_chunks_go_to_disk(tmp_path: Path) -> None:
    import h5netcdf

    members = draws(25)
    written = simulate_to_file(toggle(), TIMES, lambda a, b: members[a:b], tmp_path / "e.nc", n_members=25, chunk=8)
    assert (written.n_members, written.failures) == (25, {})
    with h5netcdf.File(written.path) as file:
        assert np.array_equal(file["values"][:], simulate_ensemble(toggle(), TIMES, members).values)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"parameters": np.ones(5)}, r"parameters: expected shape \(n_members, 5\)"),
        ({"parameters": np.ones((2, 5)), "workers": 0}, "workers"),
        ({"parameters": np.ones((2, 5)), "initial": "rest"}, "initial"),
        ({"parameters": np.ones((2, 5)), "initial": np.ones(3)}, "initial: expected shape"),
        ({"parameters": np.ones((2, 5)), "interventions": [[]]}, "interventions: 1 lists for 2 members"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate_ensemble(toggle(), TIMES, **arguments)
