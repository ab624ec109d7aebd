"""The two lines a notebook needs: run a scenario, load a cell line."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pathway.equations import Model
from pathway.errors import PathwayWarning, public_function
from pathway.simulation import steady_state

from .ensembles import MEMBERS, NONE, WEIGHTS
from .laboratory import Laboratory
from .members import parameter_sets_for, result_with_members
from .read import read_scenario
from .result import Result
from .run import Progress, run_scenario
from .shelf import built_in_laboratory, cell_line_values, circuit_model, minimal_model


@public_function
def run(
    name_or_file: str | Path,
    *,
    settings: Mapping[str, str] | Sequence[str] = (),
    laboratory: Laboratory | None = None,
    progress: Progress | None = None,
    ensemble: str | Path | None = None,
    weights: str = WEIGHTS[0],
    members: int = MEMBERS,
) -> Result:
    """The result of a scenario; nothing is written.

    Parameters
    ----------
    name_or_file : str or Path
        The name of a scenario that comes with the package, or a TOML file.
    settings : mapping or sequence of "KEY=VALUE", optional
        What differs from the file: {"dose.trastuzumab.amount": "1 ug/mL"}.
    laboratory : Laboratory, optional
        Other agents and cells than the package's own.
    progress : callable (what, done, of), optional
    ensemble : str or Path, optional
        "calibrated", "prior" (draws from the plausible ranges), "none", or a file of parameter sets (.npz). None: the
        calibrated ensemble where one comes with the package and the laboratory is the package's own.
    weights : str
        "measured": after measured data only; "findings": after the project's findings of role calibration too.
    members : int
        At most so many.

    Returns
    -------
    Result
        `result.arms["both"].growth.gr`, `result.interval("both", "GR")`, `result.verdicts`, `result.to_dataframe()`.

    Raises
    ------
    ScenarioError
        With every mistake of the file, one line each.
    EnsembleError, ParameterError
        If there is no such ensemble, or its file cannot be used.
    SimulationError
        If a simulation fails.
    """
    lines = [f"{key}={value}" for key, value in settings.items()] if isinstance(settings, Mapping) else list(settings)
    room = laboratory or built_in_laboratory()
    word = NONE if ensemble is None and laboratory is not None else ensemble
    scenario = read_scenario(name_or_file, lines, laboratory)
    sets, remark = parameter_sets_for(scenario, room, word, weights, members)
    if remark:
        warnings.warn(remark, PathwayWarning, stacklevel=2)
    result = run_scenario(scenario, laboratory, progress)
    return result if sets is None else result_with_members(result, room, sets, progress)


def load_cells(name: str) -> Model:
    """A cell line's model, at rest: its initial values are the untreated steady state.

    Parameters
    ----------
    name : str
        A built-in line, "minimal" (the five-state teaching model), or the path of a TOML file that describes a line.
    """
    if name == "minimal":
        model = minimal_model()
        return model.with_initial_values(steady_state(model))
    path = Path(name)
    folder = path.parent if name.endswith(".toml") else Path()
    values = cell_line_values(path.name if name.endswith(".toml") else name, folder)
    model = circuit_model()
    state = steady_state(model, values)
    # Named after the line; a model of its own, since the caller may change it.
    return replace(model, name=path.stem, parameter_values=values).with_initial_values(state)
