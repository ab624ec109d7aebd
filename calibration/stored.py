"""Finished runs of sample.py, read again: one, or several as one mixture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calibration.populations import FIELDS, History, Population
from pathway.errors import InputError
from pathway.folders import read_manifest

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
        return History.of(populations, float(stored["success"]), stored.get("climb_evidence"))


def read_runs(folders: Sequence[Path], fingerprint: str) -> History:
    """Several runs as one; each must be of the problem with this fingerprint.

    Raises
    ------
    InputError
    """
    for folder in folders:
        manifest = read_manifest(folder)
        if manifest is None or manifest.kind != KIND:
            raise InputError(f"{folder}: this is no run of sample.py")
        if manifest.identity.get("fingerprint") != fingerprint:
            raise InputError(f"{folder}: was drawn for another circuit, prior or data than those at hand")
    runs = [read_run(folder) for folder in folders]
    draws = np.array([len(run.populations[0].z) / run.success for run in runs])
    success = float(sum(len(run.populations[0].z) for run in runs) / draws.sum())
    evidences = [run.climb_evidence for run in runs if run.climb_evidence is not None]
    if evidences and len(evidences) < len(runs):
        raise InputError("some of these runs were settled and some were not; they are no one mixture")
    populations = [population for run in runs for population in run.populations]
    return History.of(populations, success, np.mean(evidences, axis=0) if evidences else None)
