"""`pathway run model.xml`: any SBML or Antimony model over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import console


def run_model(
    file: Path,
    until: float | None,
    points: int,
    settings: Sequence[str],
    out: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Simulates the model from its own start, writes table and figure, prints where every species starts and ends."""
    import numpy as np

    from pathway.formats.load import load
    from pathway.report import check_out, default_folder, write_courses
    from pathway.report.folder import MODEL_RUN, place_of

    from . import DONE, BadInput

    if until is None:
        raise BadInput(f"{file}: a model needs --until, the end time in its own unit; for example --until 100")
    folder = out or default_folder(file.stem, settings)
    asked = {"settings": list(settings), "until": until, "points": points}
    identity = {"model": file.name, "file": place_of(file, folder), **asked}
    check_out(folder, MODEL_RUN, identity, force)
    if not file.is_file():
        raise BadInput(f"{file}: there is no such file")
    inputs = {file.name: file.read_bytes()}
    model = load(file)
    if until <= model.start_time:
        raise BadInput(f"{file}: --until {until:g} must lie after the start ({model.start_time:g})")
    from pathway.simulation import simulate

    model = model.with_parameters(_parameters(model, settings))
    times = np.linspace(model.start_time, until, points)
    trajectory = simulate(model, times)
    record = write_courses(trajectory, folder, console.typed(), settings, inputs, identity, force, console.say)
    summary = {name: _summary(trajectory[name], model.units.get(name, "")) for name in model.species}
    if as_json:
        console.print_json(
            {"model": model.name, "time_unit": model.time_unit, "species": summary, "provenance": record}
        )
        return DONE
    console.print_line(model.name, style="bold")
    rows = [
        [n, *(console.number(s[k], 5) for k in ("start", "end", "min", "max")), s["unit"]] for n, s in summary.items()
    ]
    console.print_table(["species", "start", "end", "least", "most", "unit"], rows, numbers=(1, 2, 3, 4))
    drawn = "" if "figures_not_drawn" in record else f"   figure: {folder / 'figure.png'}"
    console.print_line(f"Courses: {folder / 'time_courses.csv'}{drawn}")
    return DONE


def _parameters(model: Any, settings: Sequence[str]) -> dict[str, float]:
    from pathway.scenario.mistakes import did_you_mean

    from . import BadInput

    values = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in model.parameters:
            raise BadInput(f"--set {setting}: no parameter is called '{name}'.{did_you_mean(name, model.parameters)}")
        try:
            values[name] = float(text)
        except ValueError:
            raise BadInput(f"--set {setting}: '{text}' is no number") from None
    return values


def _summary(course: Any, unit: str) -> dict[str, Any]:
    numbers = {"start": course[0], "end": course[-1], "min": course.min(), "max": course.max()}
    return {**{key: float(value) for key, value in numbers.items()}, "unit": unit}
