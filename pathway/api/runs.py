"""`pathway.run`: a scenario run from Python, and its result, which shows, draws and saves itself."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pathway.errors import InputError, PathwayWarning, public_function
from pathway.notebook import HtmlDisplay, Progress, progress_shown
from pathway.scenario.built_in import built_in_laboratory
from pathway.scenario.ensembles import MEMBERS, NONE, WEIGHTS
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.members import parameter_sets_for, result_with_members
from pathway.scenario.read import read_scenario
from pathway.scenario.result import Result as ScenarioResult
from pathway.scenario.run import run_scenario

from .saving import as_path, save_report
from .settings import setting_lines


@dataclass(frozen=True, eq=False, repr=False)
class Result(ScenarioResult):
    """A scenario and what came of it.

    `result.arms["both"].growth.gr`, `result.interval("both", "GR")`, `result.verdicts`, `result.to_dataframe()`,
    `result.to_xarray()`, `pathway.plot(result, "pAKT")`, `result.save("results/mine")`.
    """

    def to_xarray(self) -> Any:
        """The courses over arm and time (hours), each with its unit among its attributes."""
        from pathway.extras import xarray

        arms, first = list(self.arms.values()), next(iter(self.arms.values()))
        variables = {
            name: (("arm", "time"), [arm.courses[name] for arm in arms], {"units": self.units[name]})
            for name in first.courses
        }
        coordinates = {"arm": list(self.arms), "time": ("time", self.times, {"units": "h"})}
        return xarray().Dataset(variables, coordinates, {"title": self.scenario.title})

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Tables, figure, HTML report, inputs and provenance in a folder, as `pathway run` leaves them.

        Returns
        -------
        Path
            Of the report.

        Raises
        ------
        FolderError
            If something else stands there and `force` is False.
        """
        from pathway.report.run import run_report

        return save_report(run_report(self, as_path("folder", folder)), folder, force)

    def _repr_html_(self) -> str:
        from .summary import show_summary

        page = HtmlDisplay()
        show_summary(self, page)
        return page.html


@public_function
def run(
    name_or_file: str | Path,
    *,
    settings: Mapping[str, str] | Sequence[str] = (),
    laboratory: Laboratory | None = None,
    progress: Progress | bool | None = None,
    ensemble: str | Path | None = None,
    weights: str = WEIGHTS[0],
    members: int = MEMBERS,
) -> Result:
    """The result of a scenario; nothing is written until `result.save(DIR)`.

    Parameters
    ----------
    name_or_file : str or Path
        The name of a scenario that comes with the package, or a TOML file.
    settings : mapping or sequence of "KEY=VALUE", optional
        What differs from the file: {"dose.trastuzumab.amount": "1 ug/mL"}.
    laboratory : Laboratory, optional
        Other agents and cells than the package's own.
    progress : callable (what, done, of) or bool, optional
        True: a line of progress; None: one in a notebook.
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
        `result.arms["both"].growth.gr` (1: unhindered, 0: arrested), `result.interval("both", "GR")`,
        `result.verdicts`, `result.to_dataframe()` (units in its header).

    Raises
    ------
    ScenarioError
        With every mistake of the file, one line each.
    EnsembleError, ParameterError
        If there is no such ensemble, or its file cannot be used.
    SimulationError
        If a simulation fails.

    Examples
    --------
    >>> import pathway
    >>> result = pathway.run("antimir21_resensitises", ensemble="none")
    >>> result.arms["both"].growth.gr < result.arms["trastuzumab"].growth.gr
    True
    """
    if not isinstance(name_or_file, str | Path):
        kind = type(name_or_file).__name__
        raise InputError(f"name_or_file: expected a scenario's name or file, got {kind}; names: pathway.scenarios()")
    if isinstance(members, int) and members < 2:
        raise InputError(f"members: expected at least 2, got {members}")
    chosen_laboratory = laboratory or built_in_laboratory()
    word = NONE if ensemble is None and laboratory is not None else ensemble
    scenario = read_scenario(name_or_file, setting_lines(settings), laboratory)
    sets, remark = parameter_sets_for(scenario, chosen_laboratory, word, weights, members)
    if remark:
        warnings.warn(remark, PathwayWarning, stacklevel=3)
    with progress_shown(progress) as report:
        result = run_scenario(scenario, laboratory, report)
        if sets is not None:
            result = result_with_members(result, chosen_laboratory, sets, report)
    return Result(**{field.name: getattr(result, field.name) for field in fields(result)})
