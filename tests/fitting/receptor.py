"""A fitting problem with everything that can happen to a run."""

from __future__ import annotations

import math

import numpy as np

from pathway.equations import Model
from pathway.expressions import number, parse
from pathway.fitting.priors import Prior
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.simulation.protocol import Experiment, Period


def receptor() -> Problem:
    """A receptor that turns over and binds a ligand: rest, dose, a second dose that also changes a rate, rest again."""
    model = Model(
        name="receptor",
        species=("R", "C", "L"),
        parameters=("make", "lose", "on", "off", "clear", "start"),
        parameter_values=np.array([2.0, 0.4, 1.3, 0.6, 0.5, 3.0]),
        initial={"R": parse("start"), "C": number(0.0), "L": number(0.0)},
        rate_rules={
            "R": parse("make - lose * R - on * R * L + off * C"),
            "C": parse("on * R * L - off * C - lose * C"),
            "L": parse("-clear * L"),
        },
    )
    rested = Experiment(
        "rested",
        (
            Period(-math.inf),
            Period(0.0, {"L": parse("dose")}),
            Period(2.0, {"L": parse("L + 0.5 * dose * R / (1 + R)"), "on": parse("faster * on / (1 + C)")}),
        ),
    )
    fresh = Experiment("fresh", (Period(0.0, {"L": parse("2 * dose")}),))
    seen = Observable("seen", parse("scale * C + 0.1"), parse("noise * (1 + C)"))
    free = Observable("free", parse("log(R + L + make)"), parse("spread"), "laplace")
    values = {"make": 2.0, "lose": 0.4, "on": 1.3, "off": 0.6, "clear": 0.5, "start": 3.0}
    values |= {"dose": 1.7, "faster": 2.2, "scale": 3.0, "noise": 0.3}
    parameters = [Parameter(name, value, 1e-3, 1e3, "log10") for name, value in values.items()]
    parameters[2] = Parameter("on", 1.3, 1e-3, 1e3, "log10", prior=Prior("normal", (0.0, 1.0), on_scale=True))
    moments = [(e, t) for e in ("rested", "fresh") for t in (0.0, 0.5, 1.9, 2.0, 3.5, 9.0)] + [("rested", math.inf)]
    draws = np.random.default_rng(4).uniform(0.5, 4.0, (len(moments), 2))
    measurements = []
    for (experiment, time), (first, second) in zip(moments, draws, strict=True):
        measurements.append(Measurement("seen", experiment, time, float(first)))
        spread = {"spread": parse("0.2 * noise + 0.1")}
        measurements.append(Measurement("free", experiment, time, float(second), spread))
    return Problem(
        "receptor", model, tuple(parameters), (rested, fresh), (seen, free), tuple(measurements), posterior=True
    )
