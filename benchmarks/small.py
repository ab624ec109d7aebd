"""Small models: three oscillators from their papers, mass action that is not stiff, and rates and states that switch.

On them the time around the step loop, and a method for stiff equations where nothing is stiff, count most. Equations
and numbers of the papers are recalled, not copied: what is timed is the kind of model, the same for every simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pathway.equations import Event, Model
from pathway.expressions import number, parse

_LN2 = float(np.log(2.0))
Small = tuple[Model, float, str]
"""A model, until when it runs, and where it is from."""


def repressilator() -> Small:
    """Elowitz & Leibler 2000 (doi 10.1038/35002125), three messengers and three proteins, in minutes.

    Promoters of 0.5 transcripts/s, 5e-4 when repressed; 20 proteins a transcript; half-lives of 2 and 10 min; half
    repression at 40 proteins; Hill coefficient 2.
    """
    values = {"most": 30.0 - 0.03, "leak": 0.03, "decay_m": _LN2 / 2.0, "decay_p": _LN2 / 10.0, "half": 40.0, "n": 2.0}
    values["translation"] = 20.0 * values["decay_m"]
    rates, genes = {}, ("lacI", "tetR", "cI")
    for k, gene in enumerate(genes):
        repressor = f"p_{genes[k - 1]}"
        rates[f"m_{gene}"] = f"leak + most*half^n/(half^n + {repressor}^n) - decay_m*m_{gene}"
        rates[f"p_{gene}"] = f"translation*m_{gene} - decay_p*p_{gene}"
    return (
        _model("repressilator", rates, dict.fromkeys(rates, 0.0) | {"m_lacI": 20.0}, values),
        1000.0,
        "oscillator, Elowitz & Leibler 2000",
    )


def cell_cycle() -> Small:
    """Tyson 1991 (doi 10.1073/pnas.88.16.7328), cdc2 and cyclin, six species, limit cycle, in minutes."""
    values = {"k1": 0.015, "k3": 200.0, "k4": 180.0, "k4p": 0.018, "k6": 1.0, "k7": 0.6, "k8": 1e6, "k9": 1e3}
    activation, dimer = "pM*(k4p + k4*M^2)", "k3*CP*Y"
    rates = {
        "C2": "k6*M - k8*C2 + k9*CP",
        "CP": f"k8*C2 - k9*CP - {dimer}",
        "pM": f"{dimer} - {activation}",
        "M": f"{activation} - k6*M",
        "Y": f"k1 - {dimer}",
        "YP": "k6*M - k7*YP",
    }
    start = {"C2": 0.0, "CP": 0.75, "pM": 0.25, "M": 0.0, "Y": 0.0, "YP": 0.0}
    return _model("cell_cycle", rates, start, values), 100.0, "oscillator, Tyson 1991"


def calcium() -> Small:
    """Marhl, Haberichter, Brumen & Heinrich 2000 (BioSystems 57:75): calcium of cytosol, endoplasmic reticulum and
    mitochondria, complex oscillations, in seconds and uM."""
    values = {
        **{"total": 90.0, "proteins": 120.0, "ratio": 4.0, "K1": 5.0, "K2": 0.8, "K3": 5.0},
        **{"channel": 4100.0, "pump": 20.0, "leak": 0.05, "uptake": 300.0, "release": 125.0, "slow": 0.00625},
        **{"bind": 0.1, "part": 0.01},
    }
    bound = "(total - c - ratio*er - ratio*m)"
    out = "((channel*c^2/(K1^2 + c^2) + leak)*(er - c) - pump*c)"
    mitochondria = "((release*c^2/(K3^2 + c^2) + slow)*m - uptake*c^8/(K2^8 + c^8))"
    # Volumes: both stores are a hundredth of the cell with a quarter of their calcium free, so that ratio = rho/beta.
    rates = {
        "c": f"{out} + {mitochondria} + part*{bound} - bind*c*(proteins - {bound})",
        "er": f"-{out}/ratio",
        "m": f"-{mitochondria}/ratio",
    }
    return _model("calcium", rates, {"c": 0.35, "er": 0.76, "m": 0.29}, values), 10.0, "oscillator, Marhl et al. 2000"


def mass_action() -> Small:
    """Thirty species that turn and bump into each other, drawn at random: every rate constant within a factor of four,
    so that nothing is stiff."""
    random, count = np.random.default_rng(1), 30
    names = [f"s{k}" for k in range(count)]
    balances: dict[str, list[str]] = {name: [] for name in names}
    values = {}
    for k in range(2 * count):
        order = 1 + k % 2
        left, right = random.choice(count, (2, order), replace=False)
        values[f"k{k}"] = float(np.round(random.uniform(0.5, 2.0), 3))
        rate = "*".join([f"k{k}", *(names[i] for i in left)])
        for sign, side in (("-", left), ("+", right)):
            for i in side:
                balances[names[i]].append(f"{sign} {rate}")
    rates = {name: " ".join(["0", *terms]) for name, terms in balances.items()}
    start = {name: float(np.round(random.uniform(0.0, 1.0), 3)) for name in names}
    return _model("mass_action", rates, start, values), 20.0, "not stiff, mass action, drawn at random"


def pulses() -> Small:
    """A cascade of six species that two pulses drive: comparisons of time."""
    feed = " + ".join(f"piecewise(a, time >= {t} and time < {t} + w, 0)" for t in ("t1", "t2"))
    rates = {"x0": f"b + {feed} - k*x0"}
    rates |= {f"x{i}": f"k*x{i - 1} - k*x{i}*(1 + x{i})/(2 + x{i})" for i in range(1, 6)}
    values = {"a": 3.0, "b": 1.0, "k": 0.7, "t1": 10.0, "t2": 40.0, "w": 2.5}
    return _model("pulses", rates, dict.fromkeys(rates, 1.0), values), 100.0, "cascade under two pulses in time"


def relay() -> Small:
    """A chain of three whose end switches its own production off and on: comparisons of the state, a limit cycle."""
    rates = {"x1": "piecewise(a, x3 < theta, 0) - k*x1", "x2": "k*(x1 - x2)", "x3": "k*(x2 - x3)"}
    values = {"a": 2.0, "k": 1.0, "theta": 1.0}
    return _model("relay", rates, dict.fromkeys(rates, 0.1), values), 40.0, "oscillator that switches at a threshold"


def division() -> Small:
    """A cell that grows, makes two proteins, and halves everything whenever it has doubled: events by the state."""
    values = {"growth": 0.03, "make": 0.5, "decay": 0.1, "bind": 0.4, "part": 0.2, "size": 2.0}
    rates = {
        "mass": "growth*mass",
        "p": "make*mass - decay*p - bind*p + part*q",
        "q": "bind*p - part*q - decay*q",
    }
    model = _model("division", rates, {"mass": 1.0, "p": 1.0, "q": 1.0}, values)
    halves = {name: parse(f"{name}/2") for name in rates}
    event = Event("division", parse("mass > size"), halves)
    return replace(model, events=(event,)), 150.0, "growth with division, an event by the state"


def _model(name: str, rates: dict[str, str], start: dict[str, float], values: dict[str, float]) -> Model:
    return Model(
        name=name,
        species=tuple(rates),
        parameters=tuple(values),
        parameter_values=np.array(list(values.values())),
        initial={species: number(value) for species, value in start.items()},
        rate_rules={species: parse(formula) for species, formula in rates.items()},
    )


MODELS: dict[str, Callable[[], Small]] = {
    function.__name__: function
    for function in (repressilator, cell_cycle, calcium, mass_action, pulses, relay, division)
}
