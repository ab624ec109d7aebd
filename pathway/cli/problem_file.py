"""What the commands of fitting share: the file they are given, as a problem, and the fit that belongs to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import console

if TYPE_CHECKING:
    import numpy as np

    from pathway.fitting.objective import Objective
    from pathway.fitting.problem import Problem
    from pathway.fitting.search.result import Fit
    from pathway.scenario.experiment import Scenario
    from pathway.scenario.fit_plan import FitUnknown

PANEL = "Fit"
FILE = Annotated[
    str, typer.Argument(help=r"Scenario with [fit] (.toml or a name), or PEtab problem (.yaml)", show_default=False)
]
FIT = Annotated[
    Path | None, typer.Option("--fit", help="Folder of a fit; default: results/NAME_fit, else the nominal parameters")
]
SET = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="As in 'pathway run' [default: no change]")
]
JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object")]


FORCE = Annotated[bool, console.FORCE]


@dataclass(frozen=True, eq=False)
class StartingPoint:
    """Where to begin.

    Attributes
    ----------
    objective : Objective
    x : array, shape (n_estimated,)
        On the optimizer's scale.
    fit : Fit, or None
        None: there is none, and x is the nominal point.
    """

    objective: Objective
    x: np.ndarray
    fit: Fit | None


class OpenedProblem:
    """A file on the command line as a problem, and as a scenario if it is one."""

    def __init__(self, file: str, settings: list[str] | None, without: Sequence[str] = ()) -> None:
        from pathway.formats.problems import open_problem
        from pathway.report.problem_files import ProblemFiles

        self.file, self.settings, self.without = file, tuple(settings or ()), tuple(without)
        opened = open_problem(file, self.settings, self.without)
        self.problem: Problem = opened.problem
        self.scenario: Scenario | None = opened.scenario
        self.source = ProblemFiles(opened.problem.source, opened.scenario)

    @property
    def folder(self) -> Path:
        """Where its fit lies unless told otherwise; a run of the same scenario has another folder."""
        return self.beside("_".join(["without", *self.without, "fit"]) if self.without else "fit")

    def beside(self, what: str, *asked: str) -> Path:
        """Where something made of it, as asked by "OPTION=VALUE", lies unless told otherwise."""
        from pathway.report import default_results_folder

        return default_results_folder(f"{self.problem.name}_{what}", [*self.settings, *asked])

    def at_optimum(self, fitted: Path | None) -> StartingPoint:
        """The objective and the best point of its fit, or its nominal point where there is no fit."""
        import numpy as np

        from pathway.fitting.objective import Objective
        from pathway.fitting.search.on_disk import FIT_KIND, is_search_of, load_unfinished_fit
        from pathway.folders import read_manifest

        problem, folder = self.problem, fitted or self.folder
        manifest = read_manifest(folder)
        if fitted is not None or (manifest is not None and manifest.kind == FIT_KIND):
            if fitted is None:
                console.say(f"from the fit in {folder}")
            fit = load_unfinished_fit(problem, folder)
            if not is_search_of(folder, problem):
                console.say(
                    f"{folder}: the model, the measurements or the settings are not those of this fit any more, so "
                    f"its parameters need not be the best; 'pathway fit {self.file}' fits anew"
                )
            return StartingPoint(Objective(problem), fit.best.x, fit)
        console.say(f"no fit in {folder}: from the nominal parameters")
        x = np.clip(problem.to_scale(problem.nominal), *problem.bounds)
        return StartingPoint(Objective(problem), x, None)

    def of_the_model(self) -> list[str]:
        """Estimated parameters that a cell line has, not those of the readings."""
        return [u.name for u in self._unknowns if u.name in self.problem.names]

    @property
    def _unknowns(self) -> Sequence[FitUnknown]:
        from pathway.formats.problems import scenario_unknowns

        assert self.scenario is not None
        return scenario_unknowns(self.scenario)

    def write_cells(self, fit: Any, profiles: Any, place: Path) -> list[Path]:
        """The fitted cell lines as files."""
        from pathway.fitting.laboratory.cells import confidence_limits, fitted_cell_lines, write_cell_lines
        from pathway.scenario import built_in_laboratory

        assert self.scenario is not None
        cut = {u.name: 0.0 for u in self._unknowns if u.parameter in self.without}
        values = {**fit.best.parameters, **cut}
        folder = place.parent if place.suffix == ".toml" else place
        texts = fitted_cell_lines(self.scenario, built_in_laboratory(), values, confidence_limits(profiles), folder)
        return write_cell_lines(texts, place)


def known_name(what: str, name: str, names: Iterable[str]) -> str:
    """The name, if it is one of these.

    Raises
    ------
    BadInput
        With the nearest right ones.
    """
    from pathway.errors import did_you_mean

    from . import BadInput

    names = list(names)
    if name in names:
        return name
    raise BadInput(f"no {what} is called '{name}'.{did_you_mean(name, names)} Known: {', '.join(names)}")
