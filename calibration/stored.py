"""Finished runs of sample.py, read again: one, or several as one mixture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calibration.populations import FIELDS, FINDINGS, MEASURED, TARGETS, History, Population, judged
from calibration.target import CircuitTarget
from pathway.errors import InputError
from pathway.folders import read_manifest
from pathway.parameters.parameter_ensemble import ParameterEnsemble, read_ensemble
from pathway.scenario.sampled_cell_lines import systematic_resampling

KIND = "calibration run"
POPULATIONS, WAVES = "populations.npz", "waves.json"


def read_run(folder: Path) -> History:
    """The populations of a run.

    Raises
    ------
    InputError
        If there are none.
    """
    path = folder / POPULATIONS
    if not path.is_file():
        raise InputError(f"{folder}: holds no finished run ({POPULATIONS} is missing); sample.py goes on with it")
    with np.load(path, allow_pickle=False) as stored:
        ends = np.cumsum(stored["counts"])[:-1]
        parts = [np.split(stored[name], ends) for name in FIELDS]
        populations = [Population(*one) for one in zip(stored["temperatures"], *parts, strict=True)]
        return History(populations, float(stored["success"]))


def read_runs(places: Sequence[Path], target: CircuitTarget) -> list[History]:
    """Runs of `sample.py` by their folders, or what earlier ones left as ensembles (.npz).

    Raises
    ------
    InputError
        If one is of another circuit, prior or data than the target.
    """
    for place in places:
        if account(place)["fingerprint"] != target.problem.fingerprint:
            raise InputError(f"{place}: was drawn for another circuit, prior or data than those at hand")
    return [
        history_of_ensemble(target, read_ensemble(place)) if place.suffix == ".npz" else read_run(place)
        for place in places
    ]


def account(place: Path) -> dict[str, Any]:
    """Of a run or an ensemble: what it was drawn for, simulated vectors, processor seconds, identities of its runs.

    Raises
    ------
    InputError
        If it is neither.
    """
    if place.suffix == ".npz":
        about = read_ensemble(place).about
        keys = {"fingerprint": None, "evaluations": 0, "processor_seconds": 0.0, "runs": []}
        return {key: about.get(key, default) for key, default in keys.items()}
    manifest = read_manifest(place)
    if manifest is None or manifest.kind != KIND:
        raise InputError(f"{place}: this is no run of sample.py")
    waves = place / WAVES
    log = json.loads(waves.read_text(encoding="utf-8")) if waves.is_file() else {}
    return {
        "fingerprint": manifest.identity.get("fingerprint"),
        "evaluations": log.get("runs", 0),
        "processor_seconds": log.get("processor_seconds", 0.0),
        "runs": [manifest.identity],
    }


def history_of_ensemble(target: CircuitTarget, ensemble: ParameterEnsemble, number: int = 600) -> History:
    """What an earlier run left, simulated again: so many members of each of its weights, and of the prior."""
    values = ensemble.values[:, [ensemble.places[name] for name in target.problem.names]]
    z = {"prior": np.random.default_rng(0).standard_normal((number, target.dimension))}
    for name, weights in (("measured", ensemble.weights_measured), ("findings", ensemble.weights_findings)):
        z[name] = target.coordinates(values[systematic_resampling(weights, number)])
    populations = [judged(target, own, target.simulate(own), TARGETS[name]) for name, own in z.items()]
    alive = [one.alive for one in populations]
    populations = [one.rows(np.flatnonzero(own), one.temperature) for one, own in zip(populations, alive, strict=True)]
    return History(populations, float(alive[0].mean()))


def pooled(runs: Sequence[History]) -> History:
    """Several runs as one, each of which counts as much: as many draws of each target are taken of it."""
    draws = np.array([len(run.populations[0].z) / run.success for run in runs])
    success = float(sum(len(run.populations[0].z) for run in runs) / draws.sum())
    populations = [run.populations[0] for run in runs]
    for temperature in (MEASURED, FINDINGS):
        drawn = [run.drawn_for(temperature) for run in runs]
        least = min(len(one.z) for one in drawn)
        for one in drawn:
            places = np.linspace(0, len(one.z) - 1, least).round().astype(int)
            populations.append(one.rows(places, temperature))
    return History(populations, success)
