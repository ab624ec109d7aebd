"""Small models written from their papers: a repressilator, a cell cycle, a calcium oscillator.

On them the time around the step loop, and a method for stiff equations where nothing is stiff, count most. Equations
and numbers are recalled, not copied from the texts: what is timed is the kind of model, the same for every simulator.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pathway.equations import Model
from pathway.expressions import parse
from pathway.formats.sbml.export import sbml_text

from .problems import Problem

_LN2 = float(np.log(2.0))


def repressilator() -> tuple[Model, float]:
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
    return _model("repressilator", rates, dict.fromkeys(rates, 0.0) | {"m_lacI": 20.0}, values), 1000.0


def cell_cycle() -> tuple[Model, float]:
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
    return _model("cell_cycle", rates, start, values), 100.0


def calcium() -> tuple[Model, float]:
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
    return _model("calcium", rates, {"c": 0.35, "er": 0.76, "m": 0.29}, values), 10.0


def _model(name: str, rates: dict[str, str], start: dict[str, float], values: dict[str, float]) -> Model:
    return Model(
        name=name,
        species=tuple(rates),
        parameters=tuple(values),
        parameter_values=np.array(list(values.values())),
        initial={species: parse(repr(value)) for species, value in start.items()},
        rate_rules={species: parse(formula) for species, formula in rates.items()},
    )


MODELS = {"repressilator": repressilator, "cell_cycle": cell_cycle, "calcium": calcium}


def small_problem(name: str, folder: Path) -> Problem:
    """One of `MODELS`, recorded 101 times."""
    model, end = MODELS[name]()
    path = folder / f"{name}.xml"
    path.write_text(sbml_text(model), encoding="utf-8")
    fixed = ("n", "ratio")  # exponents and volumes are not drawn
    varied = tuple(parameter for parameter in model.parameters if parameter not in fixed)
    return Problem(name, model, np.linspace(0.0, end, 101), path, varied, varied)
