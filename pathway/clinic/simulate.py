"""A cohort from its file to its result: pieces of women on threads or on a cluster, on disk as they come."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from pathway.errors import NumericalError
from pathway.folders import GrowingFolder, sha256
from pathway.scenario.built_in import built_in_laboratory
from pathway.scenario.ensembles import open_parameter_sets
from pathway.simulation.pieces import PieceRunner

from .plan import CohortPlan
from .read import CohortError, read_cohort
from .result import CohortResult, calibrated_kill
from .women import CUT, EDGE, PIECE, Clinic, Women, joined_women, open_clinic, women_of_piece

Progress = Callable[[str, int, int], None]

WOMEN_OF_A_MEMBER, FEWEST_MEMBERS, MOST_MEMBERS = 100, 10, 200
"""Members of the ensemble: one for so many women, but no fewer and no more than these."""


class NoWomenError(NumericalError, RuntimeError):
    """No woman's cells could be worked out."""


@dataclass(frozen=True)
class CohortRequest:
    """What is asked for; all that a worker needs.

    Attributes
    ----------
    file : str
    women : int or None
        None: as the file says.
    ensemble, weights : str
        As of `run`.
    """

    file: str
    women: int | None = None
    ensemble: str = "calibrated"
    weights: str = "measured"

    @property
    def identity(self) -> dict[str, Any]:
        """What tells its results from others."""
        plan = open_plan(self)
        return {
            "cohort": plan.name,
            "content": sha256(plan.content),
            "women": plan.women,
            "ensemble": open_clinic_of(self)[1],
            "weights": self.weights,
        }


def open_plan(request: CohortRequest) -> CohortPlan:
    """The plan of a request.

    Raises
    ------
    CohortError
    """
    plan = read_cohort(request.file, built_in_laboratory())
    if request.women is None:
        return plan
    if request.women < 2 * plan.cohort_size:
        raise CohortError(f"{request.women} women: cohorts of {plan.cohort_size} need at least {2 * plan.cohort_size}")
    return replace(plan, women=request.women)


@lru_cache(maxsize=4)
def open_clinic_of(request: CohortRequest) -> tuple[Clinic, str]:
    """The cells of a request's women, and where their numbers come from; made once in each process."""
    plan, laboratory = open_plan(request), built_in_laboratory()
    members = int(np.clip(plan.women // WOMEN_OF_A_MEMBER, FEWEST_MEMBERS, MOST_MEMBERS))
    sets = open_parameter_sets(laboratory.model, request.ensemble, request.weights, members)
    origin = f"{sets.origin.kind}, {len(sets)} members, {sets.origin.digest[:12]}"
    return open_clinic(plan, laboratory, sets), origin


def piece_content(request: CohortRequest, piece: int) -> bytes:
    """A piece of a cohort as a file (NPZ)."""
    clinic, _ = open_clinic_of(request)
    arrays = {
        f"{variant}/{name}": array
        for variant, women in women_of_piece(clinic, piece).items()
        for name, array in women.arrays().items()
    }
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def read_piece(path: Path, variant: str) -> Women:
    """One variant of a piece, back from its file; a woman whose cells failed in one variant has failed in all, so that
    all have the same women."""
    start = f"{variant}/"
    with np.load(path, allow_pickle=False) as stored:
        women = Women.of_arrays({n.removeprefix(start): stored[n] for n in stored.files if n.startswith(start)})
        return replace(women, failed=np.logical_or.reduce([stored[f"{v}/failed"] for v in (EDGE, CUT)]))


def piece_names(plan: CohortPlan) -> list[str]:
    """Files of all pieces."""
    return [f"women/{piece:05d}.npz" for piece in range(-(-plan.women // PIECE))]


def simulate_cohort(
    request: CohortRequest,
    folder: GrowingFolder,
    runner: PieceRunner | None = None,
    progress: Progress | None = None,
) -> CohortResult:
    """A cohort, its pieces kept in a folder; what is there already is not computed again.

    Parameters
    ----------
    request : CohortRequest
    folder : GrowingFolder
    runner : PieceRunner, optional
        Who works; what a woman gives does not depend on it.
    progress : callable (what, done, of), optional

    Raises
    ------
    CohortError
        If the file is wrong.
    NoWomenError
        If no woman's cells could be worked out.
    """
    plan = open_plan(request)
    names = piece_names(plan)
    missing = [piece for piece, name in enumerate(names) if not (folder.path / name).is_file()]
    done = len(names) - len(missing)
    runner = runner or PieceRunner()
    if missing and runner.executor is None:
        open_clinic_of(request)  # before threads would each make one
    for piece, content in zip(missing, runner.map(partial(piece_content, request), missing), strict=True):
        folder.write(names[piece], content)
        done += 1
        if progress:
            progress("women", min(done * PIECE, plan.women), plan.women)
    # One variant after the other: the pieces of both at once would take twice the memory.
    variants = {v: joined_women([read_piece(folder.path / name, v) for name in names]) for v in (EDGE, CUT)}
    n_left = len(variants[EDGE].numbers)
    if not n_left:
        raise NoWomenError(f"{plan.name}: the cells of no woman could be worked out")
    kill = calibrated_kill(plan, variants[EDGE])
    return CohortResult(plan, variants, kill, plan.women - n_left, open_clinic_of(request)[1])
