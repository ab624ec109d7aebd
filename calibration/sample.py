"""Draws the calibrated ensemble: from the prior to all open data and findings, in pieces that resume after a kill.

    python calibration/sample.py --data FOLDER --seed 1 --out DIR            hours; goes on after a stop
    python calibration/sample.py --shipped-only --quick --seed 1 --out DIR   minutes: tries the machine, not for use
    python calibration/collect.py DIR [DIR ...]                              one ensemble out of one or more runs

DIR then holds `pieces/` (runs of the simulator), `populations.npz` (every member, its simulated numbers and
log-likelihoods) and `waves.json` (acceptance, effective numbers). Random numbers follow from seed and wave: equal
commands give equal bits.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: more threads only wait for each other
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from calibration.pieces import PieceStore, Recipe
from calibration.populations import FINDINGS, TARGETS, History
from calibration.settling import Settings, planned_runs, settle
from calibration.stored import KIND, POPULATIONS, WAVES, read_runs
from pathway.cli.cluster import dask_client, executor_of
from pathway.errors import InputError
from pathway.fitting.search.processes import process_pool
from pathway.fitting.search.progress import duration_in_words
from pathway.folders import growing_folder, json_text
from pathway.simulation.pieces import PieceRunner, packed

QUICK = Settings(members=80, first=256, starting=6, burn_in=150, settled=30)
FULL = Settings()


class Progress:
    """Lines with the time that is left, from the runs that are still to come."""

    def __init__(self, store: PieceStore, planned: int, quiet: bool = False) -> None:
        self.store, self.planned, self.quiet = store, planned, quiet
        self.began = time.monotonic()

    def __call__(self, line: str) -> None:
        """Say what has just been done."""
        if not self.quiet:
            spent = f"{self.store.rows} runs, {duration_in_words(self.store.seconds)} of processor"
            print(f"[{spent}{self._left()}] {line}", file=sys.stderr, flush=True)

    def _left(self) -> str:
        if not self.store.new_rows:
            return ""
        each = (time.monotonic() - self.began) / self.store.new_rows
        return f", about {duration_in_words(each * max(0, self.planned - self.store.rows))} left"


def run(
    recipe: Recipe, settings: Settings, out: Path, identity: dict[str, Any], workers: int = 1,
    budget: float = math.inf, piece: int = 50, quiet: bool = False, force: bool = False,
    earlier: History | None = None, only: str | None = None, dask: str | None = None,
) -> History:  # fmt: skip
    """Sample a target into a folder; what lies there already is used.

    Parameters
    ----------
    recipe : Recipe
        Of the target.
    settings : Settings
    out : Path
    identity : dict
        What the folder is of; the seed is added. Other settings may change: what they ask for anew is made anew.
    workers : int
        Processes; 1: this one.
    budget : float
        Processor seconds of the simulator.
    piece : int
        Vectors that are simulated together; bits may depend on it.
    earlier : History, optional
        A finished run whose chains go on here.
    only : str, optional
        "measured" or "findings": the chains that go on, where not both do.
    dask : str, optional
        Scheduler of a cluster that simulates instead; its workers import this package.

    Raises
    ------
    BudgetError, FolderError
    """
    target = recipe.make()
    whole = {**identity, "seed": settings.seed, "piece": piece}
    with ExitStack() as stack:
        folder = stack.enter_context(growing_folder(out, KIND, whole, force=force))
        executor = executor_of(stack.enter_context(dask_client(dask)))
        if executor is None and workers > 1:
            executor = stack.enter_context(process_pool(workers))
        store = PieceStore(folder, recipe, piece, PieceRunner(1, executor), budget)
        progress = Progress(store, planned_runs(target, settings, earlier is not None, only is not None), quiet)
        history = settle(target, store, settings, progress, earlier, TARGETS[only] if only else None)
        members = history.merged(FINDINGS)
        folder.write(
            POPULATIONS,
            packed(
                z=members.z,
                columns=members.columns,
                totals=members.totals,
                simulated=members.simulated.astype(np.float32),
                temperatures=np.array([p.temperature for p in history.populations]),
                counts=np.array([len(p.z) for p in history.populations]),
                success=history.success,
            ),
        )
        folder.write(
            WAVES,
            json_text(
                {
                    "settings": asdict(settings),
                    "runs": store.rows,
                    "processor_seconds": round(store.seconds, 1),
                    "prior_draws_simulated": history.success,
                    "waves": history.waves,
                }
            ),
        )
    return history


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Which data: the options that all scripts of the ensemble share."""
    parser.add_argument("--data", type=Path, help="folder of the sets that are not shipped")
    parser.add_argument("--shipped-only", action="store_true", help="no set that does not ship")
    parser.add_argument("--without", nargs="*", default=[], help="sets, lines or SET:LINE left out of the likelihood")


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    """Who simulates: the options that scripts share which sample."""
    parser.add_argument("--workers", type=int, default=2, help="processes of this machine")
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a cluster whose workers import this package")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    from calibration.target import circuit_recipe

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_options(parser)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--members", type=int, help="chains")
    parser.add_argument("--settled", type=int, help="populations after the burn-in: more of them go on with a run")
    parser.add_argument("--quick", action="store_true", help="minutes: tries the machine")
    add_worker_options(parser)
    parser.add_argument("--piece", type=int, default=50, help="vectors simulated together")
    parser.add_argument("--budget", type=float, default=8 * 3600.0, help="processor seconds of the simulator")
    parser.add_argument(
        "--start",
        type=Path,
        help="a finished run of the same problem, whose chains go on here",
    )
    parser.add_argument("--only", choices=("measured", "findings"), help="with --start: the chains that go on")
    parser.add_argument("--force", action="store_true")
    given = parser.parse_args(arguments)
    settings = replace(QUICK if given.quick else FULL, seed=given.seed)
    chosen = {"members": given.members, "settled": given.settled}
    settings = replace(settings, **{name: value for name, value in chosen.items() if value})
    recipe = circuit_recipe(given.data, given.shipped_only, sorted(given.without))
    try:
        target = recipe.make()
        problem = target.problem
        identity = {"problem": "calibration", "fingerprint": problem.fingerprint, "data": problem.data_hashes}
        earlier = read_runs([given.start], target)[0] if given.start else None
        limits = given.workers, given.budget, given.piece
        if given.only and earlier is None:
            raise InputError("--only asks for --start: chains of a finished run go on")
        run(
            recipe, settings, given.out, identity, *limits, force=given.force, earlier=earlier, only=given.only,
            dask=given.dask,
        )  # fmt: skip
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps({"written": str(given.out)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
