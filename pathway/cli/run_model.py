"""`pathway run model.xml`: any SBML or Antimony model over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import console

if TYPE_CHECKING:
    import numpy as np

    from pathway.equations import Model
    from pathway.simulation import Trajectory


def run_model(
    file: Path,
    until: float | None,
    points: int,
    max_steps: int,
    settings: Sequence[str],
    out: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Simulates the model from its own start, writes table and figure, prints where every course starts and ends.

    Courses are those of the species and of whatever an assignment rule determines, under the names of the file.
    """
    import numpy as np

    from pathway.formats.load import read_model_file
    from pathway.report import ReportOrigin, check_output_folder, default_results_folder, write_report
    from pathway.report.model_run import MODEL_RUN, model_run_identity, model_run_report

    from . import DONE, BadInput

    if until is None:
        raise BadInput(f"{file}: a model needs --until, the end time in its own unit; for example --until 100")
    if not math.isfinite(until):
        raise BadInput(f"{file}: --until {until:g}: expected a finite end time; for example --until 100")
    folder = out or default_results_folder(file.stem, settings)
    identity = model_run_identity(file, folder, settings, until, points)
    check_output_folder(folder, MODEL_RUN, identity, force)
    if not file.is_file():
        raise BadInput(f"{file}: there is no such file")
    inputs = {file.name: file.read_bytes()}
    read = read_model_file(file)
    model, names = read.model, read.courses
    if until <= model.start_time:
        raise BadInput(f"{file}: --until {until:g} must lie after the start ({model.start_time:g})")
    model = model.with_parameters(_parameters(model, settings, read.renamed))
    times = np.linspace(model.start_time, until, points)
    trajectory = _followed(model, times, max_steps)
    report = model_run_report(trajectory, identity, ReportOrigin(inputs, settings), names)
    record = write_report(report, folder, console.typed_command(), force, say=console.say)
    summary = {word: _summary(trajectory[name], model.units.get(name, "")) for name, word in names.items()}
    if as_json:
        states = {names[name] for name in model.species}
        console.print_json(
            {
                "model": model.name,
                "time_unit": model.time_unit,
                "species": {word: numbers for word, numbers in summary.items() if word in states},
                "assignments": {word: numbers for word, numbers in summary.items() if word not in states},
                "provenance": record,
            }
        )
        return DONE
    console.print_line(model.name, style="bold")
    rows = [
        [n, *(console.number_text(s[k], 5) for k in ("start", "end", "min", "max")), s["unit"]]
        for n, s in summary.items()
    ]
    console.print_table(["course", "start", "end", "least", "most", "unit"], rows, numbers=(1, 2, 3, 4))
    console.print_report_places(folder, record, courses="time_courses.csv")
    return DONE


def _followed(model: Model, times: np.ndarray, max_steps: int) -> Trajectory:
    from pathway.simulation import SimulationError, simulate

    try:
        return simulate(model, times, maximum_steps=max_steps)
    except SimulationError as error:
        if "the limit of" not in error.reason:
            raise
        message = f"{error} More are allowed by --max-steps {10 * max_steps}."
        raise SimulationError(message, error.reason, error.time, error.state, error.species) from None


def _parameters(model: Any, settings: Sequence[str], renamed: Mapping[str, str]) -> dict[str, float]:
    from pathway.errors import did_you_mean

    from . import BadInput

    values = {}
    known = {renamed.get(name, name): name for name in model.parameters}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in known:
            raise BadInput(f"--set {setting}: no parameter is called '{name}'.{did_you_mean(name, known)}")
        try:
            values[known[name]] = float(text)
        except ValueError:
            raise BadInput(f"--set {setting}: '{text}' is no number") from None
    return values


def _summary(course: Any, unit: str) -> dict[str, Any]:
    numbers = {"start": course[0], "end": course[-1], "min": course.min(), "max": course.max()}
    return {**{key: float(value) for key, value in numbers.items()}, "unit": unit}
