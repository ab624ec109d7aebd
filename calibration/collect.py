"""Makes one ensemble out of one or more runs of sample.py.

    python calibration/collect.py DIR [DIR ...] [EARLIER.npz] --data FOLDER --members 1000 [--chosen mode.json]

writes `pathway/parameters/calibrated.npz` (or --out FILE). The chosen set is that of --chosen, which `mode.py` writes,
or else the likeliest member. All runs, and what earlier ones left as ensembles, are one mixture in which each run
counts as much; a choice of members with its weights stands for all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import scipy
from scipy.special import ndtri
from scipy.stats import qmc

from calibration.populations import FINDINGS, MEASURED, History
from calibration.reweighting import thinned
from calibration.sample import add_data_options
from calibration.stored import account, pooled, read_runs
from calibration.target import CircuitTarget, circuit_recipe
from pathway.errors import InputError
from pathway.parameters.parameter_ensemble import SHIPPED, ParameterEnsemble, write_ensemble
from pathway.scenario.built_in import built_in_laboratory
from pathway.scenario.sampled_cell_lines import with_anchored_parameters
from pathway.scenario.weighted import effective_sample_size, weighted_quantiles

PRIOR_DRAWS = 1024


def ensemble_of(
    target: CircuitTarget, history: History, members: int, seed: int, about: dict[str, Any]
) -> ParameterEnsemble:
    """The ensemble that stands for a history.

    Parameters
    ----------
    target : CircuitTarget
    history : History
    members : int
        Distinct parameter sets, at most.
    seed : int
    about : dict
    """
    every = history.merged(FINDINGS)
    z, first, inverse = np.unique(every.z, axis=0, return_index=True, return_inverse=True)
    of_draws = [history.weights(temperature) for temperature in (MEASURED, FINDINGS)]
    weights = np.array([np.bincount(inverse.ravel(), w, len(z)) for w in of_draws])
    best = int(inverse.ravel()[np.argmax(every.totals @ FINDINGS)])
    chosen, chosen_weights = thinned(weights, members, np.random.default_rng([seed, 1]), certain=best)
    order = np.r_[np.flatnonzero(chosen == best), np.flatnonzero(chosen != best)]
    chosen, chosen_weights = chosen[order], chosen_weights[:, order]
    values = target.values(z[chosen])
    sizes = np.flatnonzero(target.problem.is_discrepancy)
    medians = weighted_quantiles(values[:, sizes], chosen_weights[0], [0.5])[0]
    cube = qmc.Sobol(target.dimension, rng=np.random.default_rng([seed, 2])).random(PRIOR_DRAWS)
    return ParameterEnsemble(
        names=tuple(target.problem.names),
        values=values.astype(np.float32),
        weights_measured=chosen_weights[0],
        weights_findings=chosen_weights[1],
        log_likelihood=every.columns[first][chosen].astype(np.float32),
        columns=target.columns,
        prior_values=target.values(ndtri(cube.clip(1e-12, 1 - 1e-12))).astype(np.float32),
        chosen=target.values(z[best : best + 1])[0],
        about={
            **about,
            "seed": seed,
            "fingerprint": target.problem.fingerprint,
            "data": dict(target.problem.data_hashes),
            "absent": list(target.problem.absent),
            "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
            "roles": {c: "finding" if f else "measured" for c, f in zip(target.columns, target.finding, strict=True)},
            "discrepancy": {target.problem.names[k]: float(m) for k, m in zip(sizes, medians, strict=True)},
            "effective_number": {
                "measured": round(effective_sample_size(chosen_weights[0]), 1),
                "findings": round(effective_sample_size(chosen_weights[1]), 1),
                "measured_of_all_draws": round(effective_sample_size(weights[0]), 1),
                "findings_of_all_draws": round(effective_sample_size(weights[1]), 1),
            },
        },
    )


def _anchored(ensemble: ParameterEnsemble) -> ParameterEnsemble:
    """The same with what is anchored in each line."""
    first = replace(ensemble, values=np.vstack([ensemble.chosen, ensemble.values]))
    anchored = with_anchored_parameters(built_in_laboratory(), first)
    return replace(anchored, values=anchored.values[1:].astype(np.float32), chosen=anchored.values[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    add_data_options(parser)
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--chosen", type=Path, help="the most probable parameter set, from mode.py")
    given = parser.parse_args(arguments)
    target = circuit_recipe(given.data, given.shipped_only, sorted(given.without)).make()
    try:
        history = pooled(read_runs(given.runs, target))
        accounts = [account(place) for place in given.runs]
        about = {
            "runs": [run for one in accounts for run in one["runs"]],
            "command": "calibration/sample.py for each run, calibration/collect.py",
            "date": date.today().isoformat(),
            "evaluations": sum(one["evaluations"] for one in accounts),
            "processor_seconds": sum(one["processor_seconds"] for one in accounts),
        }
        ensemble = ensemble_of(target, history, given.members, given.seed, about)
        if given.chosen:
            known = json.loads(given.chosen.read_text(encoding="utf-8"))
            ensemble = replace(ensemble, chosen=np.array([known[name] for name in ensemble.names]))
        ensemble = _anchored(ensemble)
        digest = write_ensemble(given.out, ensemble)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    numbers = ensemble.about["effective_number"]
    print(json.dumps({"file": str(given.out), "sha256": digest, "members": len(ensemble), **numbers}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
