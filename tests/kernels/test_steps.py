"""What a step loop asks of whole states, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import number, symbol
from pathway.kernels import CompiledModel, compile_model

PARTS = ("add_scaled", "interpolate", "error_norm")


def compiled(size: int, width: int, algebraic: tuple[int, ...] = ()) -> CompiledModel:
    names = tuple(f"s{k}" for k in range(size))
    return compile_model(
        Model(
            name="lanes only",
            species=names,
            parameters=(),
            parameter_values=np.array([]),
            initial={name: number(0) for name in names},
            algebraic={names[k]: symbol(names[k]) for k in algebraic},
        ),
        width,
        PARTS,
    )


@pytest.mark.parametrize("width", [1, 4, 8])
@pytest.mark.parametrize(("size", "algebraic"), [(1, ()), (3, (1,)), (4, ()), (11, (0, 4, 10)), (70, (33,))])
def test_whole_states(size: int, width: int, algebraic: tuple[int, ...]) -> None:
    made = compiled(size, width, algebraic)
    random = np.random.default_rng(size)
    before, after, bend, second, third, out = random.normal(size=(6, size, width))
    share, relative, norm = random.random(width), 10.0 ** -random.uniform(3, 6, width), np.empty(width)

    total = out.copy()
    made.call("add_scaled", share, bend, total)
    np.testing.assert_allclose(total, out + made.mass[:, None] * share * bend, rtol=1e-14, atol=1e-15)
    assert np.array_equal(total[list(algebraic)], out[list(algebraic)])

    made.call("interpolate", before, after, bend, second, third, share, out)
    inner = bend + share * (second + share * third)
    np.testing.assert_allclose(
        out, (1 - share) * before + share * (after + (1 - share) * inner), rtol=1e-12, atol=1e-13
    )

    absolute = random.uniform(1e-9, 1e-6, (size, width))
    made.call("error_norm", before, after, bend, absolute, relative, norm)
    scaled = bend / (absolute + relative * np.maximum(abs(before), abs(after)))
    np.testing.assert_allclose(norm, np.sqrt((scaled**2).mean(axis=0)), rtol=1e-13)


def test_a_lane_does_not_depend_on_its_neighbors() -> None:
    wide, narrow = compiled(13, 4), compiled(13, 1)
    random = np.random.default_rng(2)
    arrays = [random.normal(size=(13, 4)) for _ in range(3)] + [random.uniform(1e-9, 1e-6, (13, 4)), np.full(4, 1e-4)]
    together, alone = np.empty(4), np.empty(1)
    wide.call("error_norm", *arrays, together)
    for lane in range(4):
        narrow.call("error_norm", *(np.ascontiguousarray(a[..., [lane]]) for a in arrays), alone)
        assert alone[0] == together[lane]


def test_what_is_not_a_number_stays_in_its_lane() -> None:
    made = compiled(5, 4)
    estimate = np.ones((5, 4))
    estimate[2, 1] = np.nan
    norm = np.empty(4)
    ones = np.ones((5, 4))
    made.call("error_norm", ones, ones, estimate, ones, np.full(4, 1e-3), norm)
    assert np.isnan(norm[1])
    assert np.all(np.isfinite(norm[[0, 2, 3]]))


def test_a_species_that_does_not_move_keeps_its_value_to_the_last_digit() -> None:
    made = compiled(3, 4)
    still = np.random.default_rng(1).normal(size=(3, 4))
    out, zero = np.empty((3, 4)), np.zeros((3, 4))
    made.call("interpolate", still, still, zero, zero, zero, np.array([0.1, 0.3, 0.7, 0.999]), out)
    assert np.array_equal(out, still)
