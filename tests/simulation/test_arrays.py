"""Arrays however they lie in memory, and whatever kind of numbers they hold."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.simulation import simulate, simulate_ensemble, steady_state, steady_state_sensitivities
from tests.simulation.models import toggle

KINDS = {
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": lambda a: a[..., ::-1].copy()[..., ::-1],
    "transposed": lambda a: np.asfortranarray(a) if a.ndim > 1 else np.stack([a, a]).T[:, 0],
    "big endian": lambda a: a.astype(">f8"),
    "single": lambda a: a.astype(np.float32),
    "list": lambda a: a.tolist(),
    "read only": lambda a: np.broadcast_to(a, a.shape),
    "whole": lambda a: a.astype(np.int64),
    "small whole": lambda a: a.astype(np.int8),
}
TIMES = np.array([0.0, 1.0, 2.0, 8.0])
PARAMETERS = np.array([4.0, 5.0, 1.0, 50.0, 20.0])
START = np.array([3.0, 1.0, 1.0, 0.0])


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_of_all_kinds_give_the_same_bits(kind: str) -> None:
    model, turned = toggle(), KINDS[kind]
    given = {"parameters": PARAMETERS, "initial": START}
    other = {name: turned(value) for name, value in given.items()}
    expected, found = simulate(model, TIMES, **given), simulate(model, turned(TIMES), **other)
    assert np.array_equal(expected.values, found.values) and np.array_equal(expected.parameters, found.parameters)
    tolerance = np.full(4, 1e-9)
    exact = {"absolute_tolerance": tolerance if "whole" in kind or kind == "single" else turned(tolerance)}
    slopes = simulate(model, turned(TIMES), **other, **exact, sensitivities=list(model.parameters))
    plain = simulate(model, TIMES, **given, absolute_tolerance=tolerance, sensitivities=list(model.parameters))
    assert np.array_equal(slopes.sensitivities, plain.sensitivities)

    members, starts = np.stack([PARAMETERS, PARAMETERS + 1.0, PARAMETERS + 2.0]), np.stack([START, START + 1, START])
    together = simulate_ensemble(model, TIMES, members, initial=starts)
    assert np.array_equal(
        together.values, simulate_ensemble(model, turned(TIMES), turned(members), initial=turned(starts)).values
    )
    rest = steady_state(model, PARAMETERS, initial=START)
    assert np.array_equal(rest, steady_state(model, turned(PARAMETERS), initial=turned(START)))
    slope = steady_state_sensitivities(model, ["a"], PARAMETERS)
    assert np.array_equal(slope, steady_state_sensitivities(model, ["a"], turned(PARAMETERS)))


def test_what_is_given_is_never_changed() -> None:
    given = [a.copy() for a in (TIMES, PARAMETERS, START)]
    simulate(toggle(), given[0], parameters=given[1], initial=given[2])
    steady_state(toggle(), given[1], initial=given[2])
    simulate_ensemble(toggle(), given[0], given[1][None], initial=given[2])
    for before, after in zip((TIMES, PARAMETERS, START), given, strict=True):
        assert np.array_equal(before, after)
