"""What a fit found, as cell lines that the next scenario can use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pathway.expressions.evaluation import evaluate
from pathway.folders import write_atomically
from pathway.parameters import ANCHORED, CellLine, Entry
from pathway.parameters.write import cell_line_text
from pathway.scenario.experiment import Scenario
from pathway.scenario.fit_plan import FitUnknown
from pathway.scenario.laboratory import Laboratory
from pathway.simulation.anchor import solve_anchors

from ..problem import ProblemError
from ..uncertainty.profiles import Profile
from .scenario_problem import FITTED, ScenarioProblem


@dataclass(frozen=True)
class ConfidenceLimits:
    """Limits of a parameter and where they come from."""

    lower: float
    upper: float
    words: str


def confidence_limits(profiles: Mapping[str, Profile], level: float = 0.95) -> dict[str, ConfidenceLimits]:
    """Confidence limits from profiles, with what they say in words."""
    limits = {}
    for name, p in profiles.items():
        words = f"{level:.0%} interval from its profile likelihood"
        if p.verdict != "identifiable":
            words += f"; {p.verdict}, there it ends at the bound"
            if p.companions:
                words += f"; moves with {', '.join(p.companions)}"
        limits[name] = ConfidenceLimits(p.lower, p.upper, words)
    return limits


def fitted_cell_lines(
    scenario: Scenario,
    laboratory: Laboratory,
    best: Mapping[str, float],
    intervals: Mapping[str, ConfidenceLimits],
    folder: Path | None = None,
) -> dict[str, str]:
    """The cell lines of a scenario with what a fit found, as TOML text by the line's name.

    Parameters
    ----------
    scenario : Scenario
        With `[fit]`.
    laboratory : Laboratory
    best : mapping of parameter to float
        Of the fit, in natural units.
    intervals : mapping of parameter to ConfidenceLimits
        Of those among them that have one; the others keep their bounds.
    folder : Path, optional
        Where they will lie: a file that is a parent is named from there, or by its full path.

    Raises
    ------
    ProblemError
        If the scenario has no `[fit]`, or the laboratory keeps no sources.
    """
    if scenario.fit is None or laboratory.line_of is None:
        raise ProblemError([f"{scenario.file}: no cell line can be written: there is no [fit] table"])
    bench = ScenarioProblem(scenario, laboratory, scenario.fit)
    anchored: dict[bytes, dict[str, float]] = {}
    texts = {}
    for cells in bench.lines.names:
        line = laboratory.line_of(cells, scenario.file.parent)
        own = {u.parameter: _entry(u, line, best, intervals, scenario) for u in bench.unknowns if cells in u.cells}
        values = _anchoring(bench, cells, best)
        key = values.tobytes()
        if key not in anchored:
            anchored[key] = _anchored(bench, values)
        own |= {name: _anchored_entry(line.entries[name], value) for name, value in anchored[key].items()}
        texts[cells] = cell_line_text(_about(line, cells, scenario, folder), {**_of_file(line, cells), **own}.values())
    return texts


def _about(line: CellLine, cells: str, scenario: Scenario, folder: Path | None) -> dict[str, str]:
    parent = (line.parent or "") if cells.endswith(".toml") else cells
    if parent.endswith(".toml") and folder is not None:
        parent = Path(os.path.relpath(parent, folder)).as_posix()
    return {
        "title": f"{line.title}, fitted to {', '.join(o.file.name for o in scenario.overlays)}",
        "genotype": line.genotype,
        "parent": parent,
        "note": f"Written by the fit of the scenario '{scenario.name}'.",
    }


def _of_file(line: CellLine, cells: str) -> dict[str, Entry]:
    """The own numbers of a line that lies in a file: what is written stands in its place, under the same parent."""
    return {name: line.entries[name] for name in sorted(line.own)} if cells.endswith(".toml") else {}


def _entry(
    unknown: FitUnknown,
    line: CellLine,
    best: Mapping[str, float],
    intervals: Mapping[str, ConfidenceLimits],
    scenario: Scenario,
) -> Entry:
    usual = line.entries[unknown.parameter]
    times = usual.value if unknown.is_factor else 1.0
    value = best[unknown.name] * times
    known = intervals.get(unknown.name, ConfidenceLimits(unknown.lower, unknown.upper, "range: the bounds of the fit"))
    limits = sorted([known.lower * times, known.upper * times])
    note = f"{known.words}. Fit of '{scenario.name}'; before: {usual.value:g} ({usual.source}, {usual.confidence})."
    return replace(
        usual,
        value=value,
        stated=None,
        range=(min(limits[0], value), max(limits[1], value)),
        source=FITTED,
        confidence="fitted",
        note=note[0].upper() + note[1:],
    )


def _anchoring(bench: ScenarioProblem, cells: str, best: Mapping[str, float]) -> np.ndarray:
    """Parameters, shape (n_parameters,), of the cells in which a line's anchors are found, at what the fit found."""
    formulas = bench.anchoring_cells(cells)
    return np.array([evaluate(formulas[name], best) for name in bench.laboratory.model.parameters])


def _anchored(bench: ScenarioProblem, values: np.ndarray) -> dict[str, float]:
    """Anchored parameters that suit these parameters."""
    index = bench.laboratory.model.parameter_index
    # A 0 is a gene that is lost; it reaches no target.
    anchors = {a.parameter: (a.quantity, a.target) for a in bench.anchors if values[index(a.parameter)] != 0.0}
    return dict(solve_anchors(bench.laboratory.model, anchors, values).values) if anchors else {}


def _anchored_entry(usual: Entry, value: float) -> Entry:
    low, high = usual.range
    words = f"Follows from what was fitted, as it did before ({usual.value:g})."
    return replace(
        usual,
        value=value,
        stated=None,
        range=(min(low, value), max(high, value)),
        source=ANCHORED,
        confidence="fitted",
        note=words,
    )


def write_cell_lines(texts: Mapping[str, str], place: Path) -> list[Path]:
    """Writes the lines: one to a file, several into a folder under their own names.

    Raises
    ------
    ProblemError
        If a file is asked for and there are several lines.
    """
    if place.suffix == ".toml":
        if len(texts) > 1:
            names = ", ".join(Path(cells).stem for cells in texts)
            raise ProblemError([f"{place}: the fit has several cell lines ({names}); give a folder instead of a file"])
        place.parent.mkdir(parents=True, exist_ok=True)
        paths = [place]
    else:
        place.mkdir(parents=True, exist_ok=True)
        paths = [place / f"{Path(cells).stem}.toml" for cells in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        write_atomically(path, text)
    return paths
