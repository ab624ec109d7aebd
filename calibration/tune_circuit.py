"""The search that chose the fitted numbers of `parameters/`; what it may and may not see stands in TUNING.md.

    python calibration/tune_circuit.py --seed 11 --evaluations 1776 --out tuned.json       (half an hour)

Covariance-matrix adaptation over logarithms of the ranges, from the middle values below. Nothing is written into the
package: the result is a JSON file of parameter values, per line where a name carries "@line".
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from functools import cache
from pathlib import Path

import numpy as np

from pathway import parameters
from pathway.equations import Model, network_model
from pathway.expressions import Expression, evaluate, symbols
from pathway.network import circuit
from pathway.simulation import Intervention, SimulationError, simulate, steady_state
from pathway.simulation.anchor import solve_anchors

LINES = ("skbr3", "bt474")
TRASTUZUMAB = 68.7  # nM, 10 ug/mL
END = 120.0
SCENARIOS = Path(__file__).parent.parent / "scenarios"

# Where the search starts: sourced or assumed before the first search.
START = {
    "residual_signalling": 0.2,
    "K_SRC": 0.434,
    "S6K_feedback": 1.0,
    "PI3K_alpha_gain": 2.0,
    "K_PI3K_alpha": 1.0,
    "PI3K_beta_gain": 0.2,
    "PI3K_beta_PTEN": 1.5,
    "K_PI3K_beta": 0.5,
    "k_PTEN": 100.0,
    "Km_PTEN": 0.12,
    "k_SHIP": 12.0,
    "k_PTEN_phosphorylation": 6.0,
    "PTEN_autoactivation": 1.0,
    "k_T308": 10.0,
    "k_S473": 60.0,
    "K_S473": 1.0,
    "K_FOXO_AKT": 0.1,
    "K_S6K": 0.12,
    "K_miR21_PTEN": 5e4,
    "faster_decay_PTEN": 2.5,
    "lost_translation_PTEN": 0.2,
    "miR21_promoter_AP1": 2.0,
    "miR21_promoter_inflammation": 1.3,
    "FOXO_to_p27": 1.8,
    "K_AKT_p27": 0.1,
    "cyclin_D_basal": 0.4,
    "ERK_to_cyclin_D": 0.38,
    "S6K_to_cyclin_D": 0.8,
    "K_growth": 0.6,
    "k_EGFR_endocytosis": 10.0,
    "HRG_desensitisation": 6.0,
    "HRG_affinity_gain": 30.0,
    "EGFR_to_PI3K": 0.5,
}
EXTRA = {  # start, lowest, highest
    "miR21_extra_transcription": (5.0, 1.0, 15.0),
    "k_PI3K@skbr3": (100.0, 40.0, 200.0),
    "k_PI3K@bt474": (100.0, 40.0, 200.0),
}


class Space:
    """Unit cube of the logarithms of the ranges."""

    def __init__(self) -> None:
        entries = parameters.reference()
        self.names = [*START, *EXTRA]
        # A range that starts at zero is searched over two decades.
        low = [max(entries[n].range[0], entries[n].range[1] / 100) for n in START] + [v[1] for v in EXTRA.values()]
        high = [entries[n].range[1] for n in START] + [v[2] for v in EXTRA.values()]
        self.low, self.width = np.log(low), np.log(high) - np.log(low)
        self.start = (np.log([*START.values(), *(v[0] for v in EXTRA.values())]) - self.low) / self.width

    def values(self, point: np.ndarray) -> dict[str, float]:
        """Parameter values of a point; outside the cube the nearest wall counts."""
        return dict(zip(self.names, np.exp(self.low + self.width * np.clip(point, 0, 1)).tolist(), strict=True))


def read_off(model: Model, state: np.ndarray, name: str) -> float:
    """A quantity, observable or species at a state."""
    values = dict(zip(model.species, map(float, state), strict=True))
    values |= dict(zip(model.parameters, map(float, model.parameter_values), strict=True)) | {"time": 0.0}
    if name in values:
        return values[name]
    return evaluate(closed_formula(model, name), values)


_closed: dict[tuple[bool, str], Expression] = {}


def closed_formula(model: Model, name: str) -> Expression:
    """A quantity in terms of species and parameters; the same for all models of one structure, so kept."""
    key = (is_clamped(model), name)
    if key not in _closed:
        _closed[key] = model.closed([{**model.assignments, **model.observables}[name]])[0]
    return _closed[key]


def is_clamped(model: Model) -> bool:
    """Whether divisions are held at the line's doubling time."""
    return "cyclin_D" not in symbols(model.assignments["division_rate"])


@cache
def plain_model() -> Model:
    """The circuit at the reference values: only its structure matters here."""
    return network_model("circuit", circuit(), {n: e.value for n, e in parameters.reference().items()})


def anchored(model: Model) -> Model:
    """The model with `mu_max` and `PTEN_synthesis_scale` found, at rest; the line has the PTEN gene."""
    goals = {anchor.parameter: (anchor.quantity, anchor.target) for anchor in parameters.anchors()}
    found = solve_anchors(plain_model(), goals, model.parameter_values)
    return model.with_parameters(found.values).with_initial_values(found.state)


def at_rest(model: Model, **changes: float) -> Model:
    """The model with changes, starting at its untreated steady state."""
    changed = model.with_parameters(changes)
    return changed.with_initial_values(steady_state(changed))


def course(model: Model, doses: list[tuple[float, str, float]], times: list[float]) -> dict[float, np.ndarray]:
    """States at the times, the first of which is the start."""
    given = [Intervention(at, add={species: amount}) for at, species, amount in doses]
    found = simulate(model, times, start=times[0], interventions=given, relative_tolerance=1e-5)
    return dict(zip(times, found.values, strict=True))


def growth_ratio(model: Model) -> tuple[float, dict[float, np.ndarray]]:
    """GR of 120 h of trastuzumab in resting cells, and the course."""
    states = course(model, [(0.0, "trastuzumab", TRASTUZUMAB)], [0.0, 24.0, END])
    index = model.species_index("log_cell_number")
    grown = states[END][index] - states[0.0][index]
    return 2 ** (grown / (END * read_off(model, model.initial_values, "growth_rate"))) - 1, states


def ligand_courses(model: Model, line: str) -> tuple[float, float, float]:
    """Error against the blots (scaled over both ligands), and what is left of the rise at 120 min under EGF and HRG."""
    with open(SCENARIOS / f"imoto2022_pakt_{line}.csv", encoding="utf-8") as stream:
        rows = list(csv.DictReader(row for row in stream if not row.startswith("#")))
    found, measured = {}, {}
    for ligand in ("EGF", "HRG"):
        mine = [row for row in rows if row["arm"] == ligand]
        times = [float(row["time"].split()[0]) / 60 for row in mine]
        states = course(model, [(0.0, ligand, 10.0)], times)
        found[ligand] = np.array([read_off(model, states[t], "pAKT") for t in times])
        measured[ligand] = np.array([float(row["value"]) for row in mine])
    low, high = min(v.min() for v in found.values()), max(v.max() for v in found.values())
    misses = [(found[k] - low) / (high - low) - measured[k] for k in found]
    left = [(v[-1] - v[0]) / max((v - v[0]).max(), 1e-9) for v in found.values()]
    return float(np.sqrt(np.mean(np.square(misses)))), left[0], left[1]


def outside(value: float, low: float | None, high: float | None, unit: float) -> float:
    """Squared distance from a window, in units."""
    if not np.isfinite(value):
        return 100.0
    distance = max(0.0 if low is None else low - value, 0.0 if high is None else value - high, 0.0)
    return min((distance / unit) ** 2, 100.0)


def line_loss(values: dict[str, float], line: str, coupling: float) -> float:
    """What one line misses at one growth coupling."""
    shared = {n: v for n, v in values.items() if "@" not in n and n != "miR21_extra_transcription"}
    base = {**parameters.cell_line(line).values, **shared, "k_PI3K": values[f"k_PI3K@{line}"]}
    base["synthesis_growth_coupling"] = coupling
    parental = anchored(plain_model().with_parameters(base))
    resistant = at_rest(parental, miR21_extra_transcription=values["miR21_extra_transcription"])

    def ratio(name: str) -> float:
        return read_off(resistant, resistant.initial_values, name) / read_off(parental, parental.initial_values, name)

    def untreated(name: str) -> float:
        return read_off(parental, parental.initial_values, name)

    sensitive, treated = growth_ratio(parental)
    difference = growth_ratio(resistant)[0] - sensitive
    inhibition = 1 - read_off(parental, treated[24.0], "pAKT") / untreated("pAKT")
    pten, transcript = ratio("PTEN"), ratio("PTEN_transcript")
    value = dict(zip(parental.parameters, parental.parameter_values, strict=True))
    total = outside(pten, 0.40, 0.66, 0.05) + outside(ratio("miR21"), 2, 5.8, 0.5)
    total += outside(np.log(transcript) / np.log(pten) if pten < 1 else -1.0, 0.55, None, 0.1)
    total += outside(untreated("AKT_phosphorylated"), 0.12, 0.35, 0.03)
    total += outside(np.log(2) / value["doubling_time"] / value["mu_max"], 0.2, 0.8, 0.05)
    total += outside(sensitive, 0.25, 0.65, 0.05) + outside(difference, 0.26, None, 0.04)
    total += outside(inhibition, 0.4, None, 0.05)
    total += outside(untreated("FOXO_nuclear"), 0.25, 0.55, 0.05) + outside(untreated("S6K_active"), 0.25, 0.75, 0.05)
    if coupling == 1.0:
        total += at_full_coupling(parental, resistant, line, inhibition)
    return total


def at_full_coupling(parental: Model, resistant: Model, line: str, inhibition: float) -> float:
    """V14, V33 and V22, which are asked at coupling 1 only."""
    halved = at_rest(parental, PTEN_gene=0.5)
    states = course(halved, [(0.0, "trastuzumab", TRASTUZUMAB)], [0.0, 24.0])
    lost = 1 - read_off(halved, states[24.0], "pAKT") / read_off(halved, states[0.0], "pAKT")
    states = course(resistant, [(-48.0, "antimiR_lipoplex", 50.0)], [-48.0, 24.0, 72.0, 120.0])
    highest = max(read_off(resistant, states[t], "PTEN") for t in (24.0, 72.0, 120.0))
    error, left_EGF, left_HRG = ligand_courses(parental, line)
    total = outside(lost / max(inhibition, 1e-3), None, 0.45, 0.05) + outside(highest, None, 1.25, 0.05)
    total += outside(error, None, 0.19, 0.04)
    if line == "bt474":
        return total + outside(left_EGF, None, 0.28, 0.08) + outside(left_HRG, 0.55, None, 0.08)
    return total + outside(left_EGF, 0.40, None, 0.08) + outside(left_HRG, 0.42, None, 0.08)


def loss(point: np.ndarray, space: Space) -> float:
    """What a point misses, plus a weak pull to the start and a wall around the cube."""
    total = 30 * np.sum(np.square(point - np.clip(point, 0, 1))) + 0.04 * np.sum(np.square(point - space.start))
    try:
        for coupling in (1.0, 0.0):
            for line in LINES:
                total += line_loss(space.values(point), line, coupling)
    except SimulationError:
        return 1e4
    return float(total)


class Search:
    """Covariance-matrix adaptation (Hansen 2016, arXiv 1604.00772) with its usual constants."""

    def __init__(self, start: np.ndarray, seed: int, population: int = 16, step: float = 0.15) -> None:
        n, half = len(start), population // 2
        self.random = np.random.default_rng(seed)
        self.population, self.step = population, step
        self.weights = np.log(half + 0.5) - np.log(np.arange(1, half + 1))
        self.weights /= self.weights.sum()
        mass = self.mass = 1 / np.sum(self.weights**2)
        self.c_path = (4 + mass / n) / (n + 4 + 2 * mass / n)
        self.c_step = (mass + 2) / (n + mass + 5)
        self.c_one = 2 / ((n + 1.3) ** 2 + mass)
        self.c_rank = min(1 - self.c_one, 2 * (mass - 2 + 1 / mass) / ((n + 2) ** 2 + mass))
        self.usual_length = np.sqrt(n) * (1 - 1 / (4 * n))
        self.mean = np.clip(start + self.random.normal(size=n) * 0.05, 0.02, 0.98)
        self.covariance, self.path, self.step_path = np.eye(n), np.zeros(n), np.zeros(n)

    def points(self) -> np.ndarray:
        """The next population, shape (population, n)."""
        self.root = np.linalg.cholesky(self.covariance)
        steps = self.random.normal(size=(self.population, len(self.mean))) @ self.root.T
        return self.mean + self.step * steps

    def learn(self, points: np.ndarray, losses: np.ndarray) -> None:
        """Move and reshape the distribution towards the better half."""
        best = points[np.argsort(losses)[: len(self.weights)]]
        steps = (best - self.mean) / self.step
        move = self.weights @ steps
        self.mean = self.mean + self.step * move
        self.step_path *= 1 - self.c_step
        self.step_path += np.sqrt(self.c_step * (2 - self.c_step) * self.mass) * np.linalg.solve(self.root, move)
        length = np.linalg.norm(self.step_path) / self.usual_length
        self.step *= np.exp(self.c_step / (1 + self.c_step) * (length - 1))
        self.path = (1 - self.c_path) * self.path + np.sqrt(self.c_path * (2 - self.c_path) * self.mass) * move
        self.covariance = (
            (1 - self.c_one - self.c_rank) * self.covariance
            + self.c_one * np.outer(self.path, self.path)
            + self.c_rank * (steps.T * self.weights) @ steps
        )


def main() -> None:
    """Search for a number of evaluations, writing the best point whenever it improves."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--seed", type=int, default=11)
    reader.add_argument("--evaluations", type=int, default=1776)
    reader.add_argument("--out", type=Path, default=Path("tuned.json"))
    asked = reader.parse_args()
    space, best, evaluations, since = Space(), np.inf, 0, time.monotonic()
    search = Search(space.start, asked.seed)
    while evaluations < asked.evaluations:
        points = search.points()
        losses = np.array([loss(point, space) for point in points])
        search.learn(points, losses)
        evaluations += len(points)
        if losses.min() < best:
            best = float(losses.min())
            values = space.values(points[int(np.argmin(losses))])
            found = {"loss": best, "seed": asked.seed, "evaluations": evaluations, "values": values}
            asked.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"{time.monotonic() - since:6.0f} s  {evaluations:5d} evaluations  best {best:.4f}", flush=True)


if __name__ == "__main__":
    main()
