"""How often and at what price a start of a search finds the best point, on problems made for the purpose.

    python -m benchmarks.searches [NAME ...] [--starts 10] [--seed 1]

Each problem has a known truth, from which its data are drawn; the goal is the optimum next to it, or a better one if
any start finds it. Parameters are searched for over wide ranges, as in collections of published problems: two to three
decades to either side of the truth, which does not stand in the middle. What a start does (`SearchOptions`) was chosen
on these.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pathway.equations import Model
from pathway.expressions import parse, symbols
from pathway.fitting.objective import Objective
from pathway.fitting.problem import Measurement, Observable, Parameter, Problem
from pathway.fitting.search.multi_start import fit
from pathway.fitting.search.options import SearchOptions
from pathway.simulation.protocol import Experiment, Period

REACHED = 0.1
"""So far above the best value a start has found it."""

Moments = Mapping[str, list[tuple[float, dict[str, str]]]]


def problem_of(
    name: str,
    rates: Mapping[str, str],
    initial: Mapping[str, str],
    truth: Mapping[str, float],
    experiments: Moments,
    seen: Mapping[str, tuple[str, str, str, str]],
    times: Sequence[float],
    inputs: Mapping[str, float] | None = None,
    decades: float = 4.0,
    misfit: float = 0.3,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Problem:
    """A problem with data drawn from the truth.

    `seen`: formula, noise, distribution and transformation of each observable. `inputs`: parameters that only the
    experiments set. `ranges`: bounds of parameters that are not `decades` wide to either side. `misfit`: each curve is
    bent by a wave of this relative size before noise is added, since no model is true.
    """
    rng = np.random.default_rng(sum(map(ord, name)))
    texts = [
        *rates.values(),
        *initial.values(),
        *(v for moments in experiments.values() for _, c in moments for v in c.values()),
    ]
    used = set().union(*(symbols(parse(text)) for text in texts))
    constants = {n: v for n, v in {**truth, **(inputs or {})}.items() if n in used}
    model = Model(
        name=name,
        species=tuple(rates),
        parameters=tuple(constants),
        parameter_values=np.array(list(constants.values())),
        initial={s: parse(initial.get(s, "0")) for s in rates},
        rate_rules={s: parse(r) for s, r in rates.items()},
    )
    parameters = []
    for parameter, value in truth.items():
        low = 10.0 ** (math.log10(value) - decades - rng.uniform(-0.5, 0.5))
        high = 10.0 ** (math.log10(value) + decades - rng.uniform(-0.5, 0.5))
        low, high = (ranges or {}).get(parameter, (low, high))
        parameters.append(Parameter(parameter, value, low, high, "log10"))
    problem = Problem(
        name=name,
        model=model,
        parameters=tuple(parameters),
        experiments=tuple(
            Experiment(e, tuple(Period(t, {n: parse(v) for n, v in changes.items()}) for t, changes in moments))
            for e, moments in experiments.items()
        ),
        observables=tuple(Observable(o, parse(f), parse(n), d, t) for o, (f, n, d, t) in seen.items()),
        measurements=tuple(Measurement(o, e, float(t), 1.0) for e in experiments for o in seen for t in times),
    )
    true = Objective(problem).compare()
    wave = {(e, o): rng.uniform(0.0, 2.0 * math.pi, 2) for e in experiments for o in seen}
    last = max(times)
    measured = []
    for m, value, noise in zip(problem.measurements, true.simulated, true.noise, strict=True):
        phase, speed = wave[m.experiment, m.observable]
        value = value * (1.0 + misfit * math.sin(phase + speed * m.time / last))
        _, _, distribution, transformation = seen[m.observable]
        scatter = noise * (rng.laplace() if distribution == "laplace" else rng.normal())
        drawn = {"linear": value + scatter, "log10": value * 10.0**scatter, "log": value * math.exp(scatter)}
        measured.append(replace(m, value=float(drawn[transformation])))
    return replace(problem, measurements=tuple(measured))


def doses(name: str, *amounts: float, rest: bool = False) -> dict[str, list[tuple[float, dict[str, str]]]]:
    """An experiment for each amount, from time 0, or from the steady state without any."""
    before = [(-math.inf, {name: "0"})] if rest else []
    return {f"{name}_{a:g}": [*before, (0.0, {name: f"{a!r}"})] for a in amounts}


def normal(formula: str, noise: str, transformation: str = "linear") -> tuple[str, str, str, str]:
    return formula, noise, "normal", transformation


# The problems


def cascade() -> Problem:
    """Two kinases behind a receptor, with saturable phosphatases and a feedback to the receptor."""
    return problem_of(
        "cascade",
        {
            "receptor": "on * dose * (1 - receptor) - off * receptor - inhibit * receptor * inhibitor",
            "mek": "k_mek * receptor * (1 - mek) - v_mek * mek / (K_mek + mek)",
            "erk": "k_erk * mek * (1 - erk) - v_erk * erk / (K_erk + erk)",
            "inhibitor": "make * erk - lose * inhibitor",
        },
        {},
        {
            **{"on": 0.3, "off": 0.05, "inhibit": 2.0, "k_mek": 1.5, "v_mek": 0.3, "K_mek": 0.2},
            **{"k_erk": 2.0, "v_erk": 0.4, "K_erk": 0.3, "make": 0.1, "lose": 0.04},
            **{"scale_mek": 120.0, "scale_erk": 35.0, "noise_mek": 3.0, "noise_erk": 1.0},
        },
        doses("dose", 0.1, 1.0, 10.0),
        {"pMEK": normal("scale_mek * mek", "noise_mek"), "pERK": normal("scale_erk * erk", "noise_erk")},
        [0, 1, 2, 4, 7, 10, 15, 20, 30, 45, 60, 90],
        {"dose": 1.0},
    )


def oscillator() -> Problem:
    """A gene that represses itself through two steps, five periods of it."""
    return problem_of(
        "oscillator",
        {
            "mrna": "make / (1 + (late / K) ^ hill) - lose_m * mrna",
            "early": "translate * mrna - lose_e * early",
            "late": "move * early - lose_l * late",
        },
        {"mrna": "0.1"},
        {
            **{"make": 1.0, "K": 1.5, "hill": 10.0, "lose_m": 0.3, "translate": 0.8, "lose_e": 0.25},
            **{"move": 0.6, "lose_l": 0.35, "scale_m": 4.0, "scale_e": 10.0},
        },
        {"only": [(0.0, {})]},
        {"m": normal("scale_m * mrna", "0.3"), "e": normal("scale_e * early", "1.0")},
        np.arange(0.0, 75.0, 2.5),
        decades=2.5,
        ranges={"hill": (1.0, 20.0)},
    )


def pharmacokinetics() -> Problem:
    """Absorption through a transit compartment, two compartments, saturable loss, and a response that it inhibits."""
    return problem_of(
        "pharmacokinetics",
        {
            "gut": "-k_transit * gut",
            "transit": "k_transit * gut - k_absorb * transit",
            "central": "k_absorb * transit - V * central / (K + central) - out * central + back * outer",
            "outer": "out * central - back * outer",
            "response": "make / (1 + central / volume / half) - lose * response",
        },
        {"gut": "dose", "response": "make / lose"},
        {
            **{"k_transit": 1.5, "k_absorb": 0.7, "V": 3.0, "K": 8.0, "out": 0.4, "back": 0.15},
            **{"volume": 20.0, "make": 12.0, "lose": 0.25, "half": 0.2},
            **{"noise_c": 0.15, "noise_r": 0.08},
        },
        doses("dose", 3.0, 30.0, 300.0),
        {
            "concentration": normal("central / volume", "noise_c", "log"),
            "effect": normal("response", "noise_r", "log"),
        },
        [0.25, 0.5, 1, 2, 4, 8, 12, 24, 36, 48],
        {"dose": 30.0},
    )


def receptor() -> Problem:
    """A receptor at rest, then with ligand: uptake, recycling, a transcription factor and its inhibitor."""
    return problem_of(
        "receptor",
        {
            "free": "make - lose * free - on * ligand * free + off * bound",
            "bound": "on * ligand * free - off * bound - uptake * bound + recycle * inside",
            "inside": "uptake * bound - recycle * inside - digest * inside",
            "active": "phosphorylate * bound * (1 - active) / (1 + inhibitor / K) - relax * active",
            "inhibitor": "express * active - decay * inhibitor",
        },
        {"free": "10"},
        {
            **{"make": 1.0, "lose": 0.05, "on": 0.1, "off": 0.2, "uptake": 0.15, "recycle": 0.05, "digest": 0.03},
            **{"phosphorylate": 0.4, "relax": 0.3, "K": 0.5, "express": 0.2, "decay": 0.08},
            **{"scale_r": 5.0, "offset_r": 10.0, "scale_a": 80.0, "scale_i": 3.0},
            **{"noise_r": 4.0, "noise_a": 3.0, "noise_i": 0.1},
        },
        doses("ligand", 0.1, 1.0, 10.0, rest=True),
        {
            "surface": normal("scale_r * (free + bound) + offset_r", "noise_r"),
            "factor": normal("scale_a * active", "noise_a"),
            "message": normal("scale_i * inhibitor", "noise_i"),
        },
        [1, 3, 6, 10, 15, 25, 40, 60, 90, 120],
        {"ligand": 0.0},
    )


def enzymes() -> Problem:
    """Two enzymes in a row, written out in fast steps of which the data see constants of Michaelis alone; stiff."""
    return problem_of(
        "enzymes",
        {
            "s": "-f1 * s * (0.05 - c1) + r1 * c1",
            "c1": "f1 * s * (0.05 - c1) - r1 * c1 - k1 * c1",
            "m": "k1 * c1 - f2 * m * (0.02 - c2) + r2 * c2",
            "c2": "f2 * m * (0.02 - c2) - r2 * c2 - k2 * c2",
            "p": "k2 * c2 - drain * p",
        },
        {"s": "start"},
        {"f1": 500.0, "r1": 300.0, "k1": 8.0, "f2": 2000.0, "r2": 150.0, "k2": 30.0, "drain": 0.05},
        doses("start", 0.3, 3.0),
        {"middle": normal("m", "0.02"), "product": normal("p", "0.02")},
        np.linspace(0.5, 15.0, 12),
        {"start": 1.0},
        decades=5.0,
    )


def infection() -> Problem:
    """Cells, a virus and the immune response that it calls, seen as logarithms over eight decades."""
    return problem_of(
        "infection",
        {
            "cells": "-infect * cells * virus",
            "eclipse": "infect * cells * virus - ripen * eclipse",
            "infected": "ripen * eclipse - die * infected - kill * infected * effector",
            "virus": "shed * infected - clear * virus",
            "effector": "call * effector * infected / (infected + K) - fade * effector",
        },
        {"cells": "1e7", "virus": "inoculum * share", "effector": "memory"},
        {
            **{"infect": 3e-6, "ripen": 4.0, "die": 0.8, "kill": 0.01, "shed": 0.05, "clear": 8.0},
            **{"call": 1.6, "K": 1e4, "fade": 0.1, "memory": 1.0, "share": 0.01},
        },
        doses("inoculum", 100.0, 1e4),
        {
            "titer": normal("virus + 1e-3", "0.25", "log10"),
            "response": normal("effector", "0.15", "log10"),
        },
        [0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12],
        {"inoculum": 100.0},
    )


def switch() -> Problem:
    """A positive feedback that a pulse turns on for good if it is long enough; noise with heavy tails."""
    pulses = {f"pulse_{d}": [(0.0, {"signal": "1"}), (float(d), {"signal": "0"})] for d in (2, 6, 15)}
    return problem_of(
        "switch",
        {
            "x": "start * signal + v * x ^ 4 / (K ^ 4 + x ^ 4) - lose_x * x + leak",
            "y": "make * x - lose_y * y",
        },
        {},
        {
            **{"start": 0.15, "v": 0.6, "K": 0.8, "lose_x": 0.3, "leak": 0.01, "make": 0.3, "lose_y": 0.1},
            **{"scale_x": 10.0, "scale_y": 4.0, "noise": 0.5},
        },
        pulses,
        {"X": ("scale_x * x", "noise", "laplace", "linear"), "Y": ("scale_y * y", "noise", "laplace", "linear")},
        [1, 3, 5, 8, 12, 16, 22, 30, 40],
        {"signal": 0.0},
    )


def chain() -> Problem:
    """Eight reversible steps in a row, of which the first, the middle and the last are seen: many valleys are flat."""
    names = [f"x{k}" for k in range(9)]
    rates = {}
    for k, x in enumerate(names):
        into = f"f{k - 1} * x{k - 1} - b{k - 1} * {x}" if k else ""
        out = f" - f{k} * {x} + b{k} * x{k + 1}" if k < 8 else " - lose * x8"
        rates[x] = into + out
    truth = {f"f{k}": 0.3 + 0.2 * (k % 4) for k in range(8)}
    truth |= {f"b{k}": 0.05 + 0.07 * (k % 3) for k in range(8)}
    return problem_of(
        "chain",
        rates,
        {"x0": "1"},
        {**truth, "lose": 0.1},
        {"only": [(0.0, {})]},
        {name: normal(name, "0.01") for name in ("x0", "x4", "x8")},
        np.geomspace(0.5, 80.0, 14),
    )


def crosstalk() -> Problem:
    """Two receptors and two pathways that inhibit and help each other, with inhibitors; noise in two parts."""
    rates = {
        "ra": "a_on * A * (1 - ra) - a_off * ra",
        "rb": "b_on * B * (1 - rb) - b_off * rb",
        "ras": "(ras_a * ra + ras_b * rb) * (1 - ras) / (1 + erk / K_back) - ras_off * ras",
        "erk": "erk_on * ras * (1 - erk) / (1 + mek_inhibitor) - v_erk * erk / (K_erk + erk)",
        "pip3": "(pip_a * ra + pip_b * rb + pip_ras * ras) / (1 + pi3k_inhibitor) - pip_off * pip3",
        "akt": "akt_on * pip3 / (K_akt + pip3) * (1 - akt) - akt_off * akt",
        "s6": "s6_on * (akt + s6_erk * erk) * (1 - s6) - s6_off * s6",
        "fos": "fos_make * erk ^ 2 / (K_fos ^ 2 + erk ^ 2) - fos_off * fos",
    }
    truth = {
        **{"a_on": 0.5, "a_off": 0.1, "b_on": 0.2, "b_off": 0.02, "ras_a": 1.0, "ras_b": 0.3, "K_back": 0.2},
        **{"ras_off": 0.3, "erk_on": 1.0, "v_erk": 0.1, "K_erk": 0.3, "pip_a": 0.3, "pip_b": 0.6, "pip_ras": 0.4},
        **{"pip_off": 0.4, "akt_on": 0.8, "K_akt": 0.7, "akt_off": 0.2, "s6_on": 0.3, "s6_erk": 0.5, "s6_off": 0.1},
        **{"fos_make": 0.5, "K_fos": 0.3, "fos_off": 0.05},
    }
    seen = {}
    for name, scale in {"erk": 50.0, "akt": 8.0, "s6": 300.0, "fos": 20.0}.items():
        truth |= {f"scale_{name}": scale, f"share_{name}": 0.08, f"floor_{name}": 0.02 * scale}
        seen[f"p{name}"] = normal(f"scale_{name} * {name}", f"floor_{name} + share_{name} * scale_{name} * {name}")
    arms = {
        "A": {"A": "1"},
        "B": {"B": "1"},
        "both": {"A": "1", "B": "1"},
        "low": {"A": "0.1", "B": "0.1"},
        "A_without_mek": {"A": "1", "mek_inhibitor": "20"},
        "B_without_pi3k": {"B": "1", "pi3k_inhibitor": "20"},
    }
    return problem_of(
        "crosstalk",
        rates,
        {},
        truth,
        {name: [(0.0, changes)] for name, changes in arms.items()},
        seen,
        [0, 2, 5, 10, 20, 40, 80, 120],
        {"A": 0.0, "B": 0.0, "mek_inhibitor": 0.0, "pi3k_inhibitor": 0.0},
    )


def genes() -> Problem:
    """Five genes that switch each other, with each of them knocked down once."""
    rules = {"a": ("e", "-"), "b": ("a", "+"), "c": ("b", "+"), "d": ("c", "-"), "e": ("d", "+")}
    truth: dict[str, float] = {}
    rates, seen, inputs = {}, {}, {}
    for k, (gene, (by, sign)) in enumerate(rules.items()):
        truth |= {f"v_{gene}": 1.0 + 0.3 * k, f"K_{gene}": 0.8, f"n_{gene}": 2.0 + 0.5 * k, f"d_{gene}": 0.2 + 0.1 * k}
        power, half = f"{by} ^ n_{gene}", f"K_{gene} ^ n_{gene}"
        top = power if sign == "+" else half
        rates[gene] = f"v_{gene} * keep_{gene} * {top} / ({half} + {power}) - d_{gene} * {gene}"
        seen[f"level_{gene}"] = normal(gene, "0.1")
        inputs[f"keep_{gene}"] = 1.0
    arms = {"as_is": {}, **{f"less_{gene}": {f"keep_{gene}": "0.1"} for gene in rules}}
    return problem_of(
        "genes",
        rates,
        dict.fromkeys(rules, "0.5"),
        truth,
        {name: [(0.0, changes)] for name, changes in arms.items()},
        seen,
        np.linspace(2.0, 30.0, 10),
        inputs,
        decades=3.0,
        ranges={f"n_{gene}": (1.0, 10.0) for gene in rules},
    )


def lineage() -> Problem:
    """A stem cell, its offspring of two kinds, and their demands on it; counts over three decades, wide ranges."""
    return problem_of(
        "lineage",
        {
            "stem": "divide * stem / (1 + hold * late) - commit * stem - lose_s * stem * signal",
            "early": "commit * stem + grow * early * signal - ripen * early - lose_e * early * early",
            "late": "ripen * early - lose_l * late - crowd * late * early",
            "rest": "keep * late - lose_r * rest",
            "signal": "-clear * signal * late - fade * signal + feed * signal * stem",
        },
        {"stem": "100", "signal": "1"},
        {
            **{"divide": 0.3, "hold": 1e-3, "commit": 0.2, "lose_s": 0.1, "grow": 1.2, "ripen": 0.25, "lose_e": 2e-4},
            **{"lose_l": 0.1, "crowd": 1e-4, "keep": 0.02, "lose_r": 0.005, "clear": 2e-4, "fade": 0.02, "feed": 1e-3},
        },
        {"only": [(0.0, {})]},
        {
            "S": normal("stem", "8"),
            "E": normal("early", "30"),
            "L": normal("late", "20"),
            "R": normal("rest", "2"),
        },
        [1, 2, 4, 6, 8, 10, 13, 16, 20, 25, 30],
    )


def adaptation() -> Problem:
    """A receptor that is taken up and comes back, an answer that adapts: a time course and a curve of doses."""
    steps = {f"dose_{a:g}": [(-math.inf, {"dose": "0"}), (0.0, {"dose": f"{a!r}"})] for a in (0.1, 1.0, 10.0, 100.0)}
    twice = {"again": [(-math.inf, {"dose": "0"}), (0.0, {"dose": "1"}), (10.0, {"dose": "30"})]}
    return problem_of(
        "adaptation",
        {
            "bound": "on * dose * (1 - bound - inside) - (off + auto) * bound - uptake * bound * (1 + pull * answer)",
            "inside": "uptake * bound * (1 + pull * answer) - come_back * inside",
            "kinase": "basal + push * bound * (1 - kinase) - rest * kinase",
            "answer": "go * kinase * (10 - answer) - stop * answer",
            "late": "join * answer ^ 2 / (K ^ 2 + answer ^ 2) - part * late",
        },
        {},
        {
            **{"on": 0.3, "off": 0.4, "auto": 0.01, "uptake": 0.3, "pull": 0.8, "come_back": 0.07, "basal": 1e-3},
            **{"push": 2.0, "rest": 0.6, "go": 0.3, "stop": 0.5, "join": 0.2, "K": 2.0, "part": 0.1},
            **{"scale_k": 40.0, "scale_l": 15.0, "noise_k": 1.0, "noise_l": 0.6},
        },
        {**steps, **twice},
        {"kinase_seen": normal("scale_k * kinase", "noise_k"), "late_seen": normal("scale_l * late", "noise_l")},
        [0.5, 1.5, 3, 6, 10, 15, 25],
        {"dose": 0.0},
    )


def modules() -> Problem:
    """Fourteen genes that share nothing, each of which a positive feedback has to turn on: easy one by one."""
    rates, truth, seen = {}, {}, {}
    for k in range(14):
        rates[f"x{k}"] = f"leak{k} + v{k} * x{k} ^ 4 / (K{k} ^ 4 + x{k} ^ 4) - lose{k} * x{k}"
        truth |= {f"leak{k}": 0.1, f"v{k}": 0.6 + 0.1 * (k % 3), f"K{k}": 0.5 + 0.1 * (k % 2), f"lose{k}": 0.2}
        seen[f"level{k}"] = normal(f"x{k}", "0.05")
    return problem_of(
        "modules",
        rates,
        {},
        truth,
        {"only": [(0.0, {})]},
        seen,
        [1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 30],
        decades=2.0,
        misfit=0.1,
    )


PROBLEMS: tuple[Callable[[], Problem], ...] = (
    *(cascade, oscillator, pharmacokinetics, receptor, enzymes, infection),
    *(switch, chain, crosstalk, genes, lineage, adaptation, modules),
)


# The measurement


@dataclass(frozen=True)
class Outcome:
    """What the starts of one search reached.

    `goal` is the best value known, `best` the best of the starts; `seconds` of processor time for all of them.
    """

    problem: str
    parameters: int
    goal: float
    best: float
    reached: int
    starts: int
    seconds: float

    @property
    def row(self) -> str:
        price = f"{self.seconds / self.reached:.2f}" if self.reached else "-"
        return (
            f"| {self.problem} | {self.parameters} | {self.goal:.2f} | {self.best:.2f} "
            f"| {self.reached} of {self.starts} | {self.seconds:.1f} | {price} |"
        )


HEAD = "| problem | parameters | best known | found | starts that reach it | CPU s | CPU s for one |"


def beside_truth(problem: Problem) -> float:
    """The optimum that a descent from the true parameters ends in."""
    plan = SearchOptions(include_nominal=True, candidates=1, descents=1)
    return fit(problem, starts=1, workers=1, plan=plan).best.objective


def judge(problem: Problem, starts: int, seed: int, plan: SearchOptions | None = None) -> Outcome:
    """A search, and how many of its starts reach the best value known."""
    goal = beside_truth(problem)
    before = time.process_time()
    values = fit(problem, starts=starts, seed=seed, workers=1, plan=plan).objectives
    seconds = time.process_time() - before
    goal = min(goal, float(values[0]))
    reached = int(np.sum(values <= goal + REACHED))
    return Outcome(problem.name, len(problem.estimated), goal, float(values[0]), reached, starts, seconds)


def main() -> None:
    names = {make.__name__: make for make in PROBLEMS}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*names, []], default=[], metavar="NAME")
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(HEAD, "|---|---|---|---|---|---|---|", sep="\n")
    for name in given.names or names:
        print(judge(names[name](), given.starts, given.seed).row, flush=True)


if __name__ == "__main__":
    main()
