"""Does the machine find what it is shown? Data made from known parameters, the quick setting, again and again.

    python calibration/simulated_truth.py --repeats 100 --out FOLDER       goes on after a stop

The five-state model stands for the circuit (two lines, parental and resistant cells, anti-miR, trastuzumab at three
doses), at a hundredth of its cost; starts, chains and settings are those of `sample.py --quick`.
Parameters are drawn from the prior, data from the likelihood. Each of 20 named marginals must lie inside its 90 %
interval in 82 to 97 of 100 runs: fewer would be overconfident, more too cautious. Beside these stands the discrepancy
of levels, which chains of the quick setting still find too large: its truth lay inside in 76 of 100.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from scipy.special import ndtr

from calibration.populations import FINDINGS, MEASURED
from calibration.sample import QUICK
from calibration.settling import planned_runs, settle
from pathway import parameters
from pathway.equations import network_model
from pathway.folders import growing_folder, json_text
from pathway.network.minimal import minimal_circuit
from pathway.scenario.weighted import weighted_quantiles
from pathway.simulation import simulate_ensemble

SHARED = (
    "k_miR21", "k_PTEN_turnover", "silencing", "PI3K_flux", "trastuzumab_effect", "EC50_trastuzumab", "k_PTEN",
    "Km_PTEN", "k_SHIP", "k_pAKT", "max_pAKT", "K_pAKT", "growth_max", "pAKT_needed", "K_growth",
)  # fmt: skip
OWN = ("PI3K_flux", "k_PTEN", "growth_max")
"""Parameters that the second line has values of its own for."""
NAMES = (
    *SHARED,
    *(f"second.{name}" for name in OWN),
    "resistant.miR21_supply",
    "discrepancy.level",
    "discrepancy.growth",
)
SUPPLY = (2.0, 12.0)
SIZES = (0.02, 0.3)
DOSES = (0.0, 1.0, 70.0)
TIMES = (24.0, 72.0, 120.0)
OBSERVED = ("PTEN", "pAKT", "cell_number")
ERROR = 0.05
"""Of the measurement, in logarithms to base 10."""
LOWEST, HIGHEST = 82, 97
CUT_SHORT = "discrepancy.level"
"""Falls with the misfit, last of all: where chains are cut short it is too large."""
ADAPTATION = 200.0


@cache
def _model():
    return network_model(
        "minimal", minimal_circuit(), {name: e.value for name, e in parameters.minimal_circuit_parameters().items()}
    )


class MinimalTarget:
    """The five-state model and made-up measurements."""

    dimension = len(NAMES)
    cheap = np.array([name.startswith("discrepancy") for name in NAMES])
    switches = np.zeros(len(NAMES), dtype=bool)
    strengths = np.zeros((0, len(NAMES)), dtype=bool)
    finding = np.zeros(1, dtype=bool)

    def __init__(self, data: np.ndarray | None = None) -> None:
        entries = parameters.minimal_circuit_parameters()
        ranges = [entries[name.rpartition(".")[2]].range for name in NAMES[: len(SHARED) + len(OWN)]]
        self.low, self.high = np.array([*ranges, SUPPLY, SIZES, SIZES]).T
        self.data = data

    def values(self, z: np.ndarray) -> np.ndarray:
        """Uniform in the logarithm where the range is positive, else in the value."""
        u, positive = ndtr(z), self.low > 0
        logarithmic = np.exp(np.log(np.where(positive, self.low, 1.0)) * (1 - u) + np.log(self.high) * u)
        return np.where(positive, logarithmic, self.low + u * (self.high - self.low))

    def simulate(self, z: np.ndarray) -> np.ndarray:
        """Base-10 logarithms of what is observed in all arms, shape (n, n_data)."""
        values, model = self.values(z), _model()
        places = [model.parameter_index(name) for name in SHARED]
        outputs = []
        for line in range(2):
            rows = np.tile(model.parameter_values, (len(z), 1))
            rows[:, places] = values[:, : len(SHARED)]
            if line:
                own = [model.parameter_index(name) for name in OWN]
                rows[:, own] = values[:, len(SHARED) : len(SHARED) + len(OWN)]
            for supply in (np.ones(len(z)), values[:, NAMES.index("resistant.miR21_supply")]):
                outputs.append(self._arms(rows, supply))
        return np.concatenate(outputs, axis=1)

    def _arms(self, rows: np.ndarray, supply: np.ndarray) -> np.ndarray:
        model = _model()
        rows = rows.copy()
        rows[:, model.parameter_index("miR21_supply")] = supply
        start = simulate_ensemble(model, [0.0, ADAPTATION], parameters=rows).values[:, -1]
        start[:, model.species_index("log_cell_number")] = 0.0
        outputs = []
        for share in (1.0, 0.0):  # without and with a complete anti-miR block
            for dose in DOSES:
                treated = rows.copy()
                treated[:, model.parameter_index("trastuzumab")] = dose
                treated[:, model.parameter_index("miR21_supply")] = supply * share
                run = simulate_ensemble(model, [0.0, *TIMES], parameters=treated, initial=start, observables=OBSERVED)
                outputs.append(run.values[:, 1:].reshape(len(rows), -1))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log10(np.concatenate(outputs, axis=1))

    def _errors(self, z: np.ndarray, count: int) -> np.ndarray:
        sizes = self.values(z)[:, self.cheap]
        return np.hypot(ERROR, sizes[:, [1 if k % len(OBSERVED) == 2 else 0 for k in range(count)]])

    def log_likelihood(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        assert self.data is not None
        errors = self._errors(z, simulated.shape[1])
        with np.errstate(invalid="ignore"):
            total = (-0.5 * ((simulated - self.data) / errors) ** 2 - np.log(errors)).sum(axis=1, keepdims=True)
        return np.where(np.isfinite(total), total, -np.inf)

    def residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        return np.nan_to_num((simulated - self.data) / self._errors(z, simulated.shape[1]))

    def finding_residuals(self, z: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        return np.zeros((len(z), 0))

    def measured(self, z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Data that cells with these parameters could have given, shape (n_data,)."""
        truth = self.simulate(z[None])[0]
        return truth + self._errors(z[None], len(truth))[0] * rng.standard_normal(len(truth))


def one_repeat(seed: int) -> dict[str, object]:
    """Which marginals lie inside their 90 % interval in one run, and where the truth lies in each."""
    rng = np.random.default_rng([seed, 99])
    maker = MinimalTarget()
    while True:
        truth = rng.standard_normal(maker.dimension)
        if np.isfinite(data := maker.measured(truth, rng)).all():
            break
    target = MinimalTarget(data)
    settings, answers = replace(QUICK, seed=seed), lambda wave, z: target.simulate(z)
    history = settle(target, answers, settings)
    weights, z = history.weights(MEASURED), history.merged(FINDINGS).z
    low, high = weighted_quantiles(z, weights, [0.05, 0.95])
    return {
        "inside": ((low < truth) & (truth < high)).tolist(),
        "rank": [float(weights @ (z[:, k] < truth[k])) for k in range(len(truth))],
        "runs": planned_runs(target, settings, goes_on=False),
    }


def coverage(folder: Path) -> tuple[int, dict[str, int]]:
    """Number of runs, and in how many each marginal was inside."""
    repeats = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("repeat-*.json"))]
    inside = np.array([one["inside"] for one in repeats]).sum(axis=0)
    return len(repeats), dict(zip(NAMES, inside.tolist(), strict=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    with growing_folder(given.out, "simulated truth", {"problem": "minimal circuit"}) as folder:
        for seed in range(given.first, given.first + given.repeats):
            name = f"repeat-{seed:04d}.json"
            if not (folder.path / name).is_file():
                folder.write(name, json_text(one_repeat(seed)))
                print(f"{seed + 1 - given.first} of {given.repeats}", file=sys.stderr, flush=True)
    number, inside = coverage(given.out)
    for name, count in inside.items():
        low, high = LOWEST * number / 100, HIGHEST * number / 100
        print(f"{name:28s} {count} of {number}{'' if low <= count <= high else '  outside'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
