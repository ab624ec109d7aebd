"""The report of a model that is no scenario: its courses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .output_folders import relative_place
from .report import DeferredFigure, Report, ReportOrigin
from .write import COURSES

MODEL_RUN = "run of a model"


def model_run_identity(file: Path, out: Path, settings: Sequence[str], until: float, points: int) -> dict[str, Any]:
    """What tells such a run from others."""
    request = {"settings": list(settings), "until": until, "points": points}
    return {"model": file.name, "file": relative_place(file, out), **request}


def model_run_report(
    trajectory: Any, identity: Mapping[str, Any], origin: ReportOrigin, names: Mapping[str, str]
) -> Report:
    """What such a run leaves.

    Parameters
    ----------
    trajectory : Trajectory
    identity : mapping
    origin : ReportOrigin
    names : mapping
        What has a course (species, assignments), and what it is called in table and figure.
    """

    def draw() -> Any:
        from pathway.plotting import plot_courses

        return plot_courses(trajectory, names)

    model = trajectory.model
    header = [f"time [{model.time_unit or '-'}]", *(f"{n} [{model.units.get(k) or '-'}]" for k, n in names.items())]
    rows = [list(map(float, row)) for row in zip(trajectory.times, *(trajectory[k] for k in names), strict=True)]
    caption = "Courses from the start that the file gives."
    return Report(
        kind=MODEL_RUN,
        identity=identity,
        title=model.name,
        origin=origin,
        tables={COURSES.removesuffix(".csv"): (header, rows)},
        figures={"figure": DeferredFigure(draw, caption)},
    )
