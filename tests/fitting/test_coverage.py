"""How often profile intervals hold the truth: data sets simulated from known parameters."""

import numpy as np
import pytest

from pathway.equations import Model
from pathway.expressions import parse
from pathway.fitting.objective import Objective
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.fitting.search.multi_start import fit
from pathway.fitting.search.options import SearchOptions
from pathway.fitting.uncertainty.profiles import profile
from pathway.simulation.protocol import Experiment, Period

TIMES = np.linspace(0.25, 8.0, 60)
SETS = 400
"""Enough that chance moves a share of 95 % by no more than 3 %."""

TRUTH = {"k1": 0.9, "k2": 0.35, "scale": 2.0, "sigma": 0.08}


def chain(seed):
    """a -> b -> c from a = 1; `scale * a` and c are seen with one unknown standard deviation."""
    k1, k2, scale, sigma = TRUTH.values()
    a = np.exp(-k1 * TIMES)
    b = k1 / (k2 - k1) * (a - np.exp(-k2 * TIMES))
    noise = np.random.default_rng(seed).normal(scale=sigma, size=(2, len(TIMES)))
    seen = {"a": scale * a + noise[0], "c": 1.0 - a - b + noise[1]}
    model = Model(
        name="chain",
        species=("a", "b", "c"),
        parameters=("k1", "k2"),
        parameter_values=np.array([k1, k2]),
        initial={"a": parse("1"), "b": parse("0"), "c": parse("0")},
        rate_rules={"a": parse("-k1 * a"), "b": parse("k1 * a - k2 * b"), "c": parse("k2 * b")},
    )
    return Problem(
        name="chain",
        model=model,
        parameters=tuple(Parameter(n, v, 1e-3, 1e3, "log10") for n, v in TRUTH.items()),
        experiments=(Experiment("only", (Period(0.0),)),),
        observables=(
            Observable("a", parse("scale * a"), parse("sigma")),
            Observable("c", parse("c"), parse("sigma")),
        ),
        measurements=tuple(
            Measurement(name, "only", float(t), float(v))
            for name, values in seen.items()
            for t, v in zip(TIMES, values, strict=True)
        ),
    )


@pytest.mark.slow
def test_profile_intervals_cover_the_truth():
    hits = dict.fromkeys(TRUTH, 0)
    for seed in range(SETS):
        problem = chain(seed)
        best = fit(problem, starts=1, seed=seed, workers=1, plan=SearchOptions(include_nominal=True)).best
        found = profile(Objective(problem), best.x)
        for name, value in TRUTH.items():
            hits[name] += found[name].lower <= value <= found[name].upper
    print(f"covered, of {SETS} data sets:", hits)
    assert all(0.90 <= count / SETS <= 0.99 for count in hits.values()), hits
