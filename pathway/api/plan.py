"""`pathway.plan`: which experiment to do next month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pathway.errors import InputError, public_function
from pathway.notebook import Display, HtmlDisplay, Progress, progress_shown
from pathway.planning import sentences
from pathway.planning.assays import Assay, PlanError, select_assays
from pathway.planning.designs import FACTORS
from pathway.planning.plan import REPLICATES, ExperimentPlan, PlanRequest, make_plan
from pathway.planning.transfection import Transfection
from pathway.report.plan import plan_identity, plan_report
from pathway.scenario import built_in_laboratory, read_scenario
from pathway.scenario.ensembles import MEMBERS, WEIGHTS
from pathway.scenario.experiment import Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.members import parameter_sets_for
from pathway.scenario.quantities import parse_hours
from pathway.scenario.sampled_cell_lines import ParameterSets
from pathway.units import UnitError

from .saving import as_path, save_report
from .settings import setting_lines

MEMBERS_ASKED = 600
"""Members where measurements are ranked by what they tell."""


class Plan:
    """What an experiment would tell: `.sentences`, `.to_dict()`, `.to_dataframe()`, `.save()`; `pathway.plot` draws it.

    Attributes
    ----------
    result : ExperimentPlan
        With every design that was considered, over all members.
    """

    def __init__(self, result: ExperimentPlan) -> None:
        self.result = result

    @property
    def sentences(self) -> list[str]:
        """The plan in plain words."""
        return sentences.plan_sentences(self.result)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return self.result.to_dict()

    def to_dataframe(self) -> Any:
        """Every design, one in a row, as a pandas table."""
        from pathway.extras import pandas

        header, rows = sentences.design_table(self.result)
        return pandas().DataFrame([list(row) for row in rows], columns=list(header))

    def report(self, folder: Path) -> Any:
        """What it leaves in a folder."""
        return plan_report(self.result, folder)

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """A page for the lab book, tables, figure and provenance in a folder; the path of the page.

        Raises
        ------
        FolderError
            If something else stands there and `force` is False.
        """
        return save_report(self.report(as_path("folder", folder)), folder, force)

    def draw(self, what: str = "") -> Any:
        """The figure.

        Raises
        ------
        InputError
            If `what` names another one.
        """
        from pathway.plotting.plan_figure import plot_plan

        if what:
            raise InputError(f"a plan has one figure, and none called '{what}'")
        return plot_plan(self.result)

    def show(self, out: Display) -> None:
        """Title and sentences."""
        out.print_line(f"Plan: {self.result.scenario.title}", style="bold")
        for sentence in self.sentences:
            out.print_line(sentence)

    def __repr__(self) -> str:
        designs = sum(len(question.designs) for question in self.result.questions)
        return f"<Plan of '{self.result.scenario.name}': {len(self.result.questions)} questions, {designs} designs>"

    def _repr_html_(self) -> str:
        page = HtmlDisplay()
        self.show(page)
        return page.html


@public_function
def plan(
    name_or_file: str | Path,
    *,
    cells: str | Path | None = None,
    replicates: int = REPLICATES,
    assays: str | Sequence[str] = (),
    compare: str | Sequence[str] = (),
    quantity: str = "",
    at: str | Sequence[str] = (),
    doses: Sequence[float] = FACTORS,
    about: str = "",
    uptake: float | None = None,
    knock_down: float | None = None,
    own_replicates: Mapping[str, Sequence[float]] | None = None,
    settings: Mapping[str, str] | Sequence[str] = (),
    ensemble: str | Path | None = None,
    weights: str = WEIGHTS[0],
    members: int | None = None,
    progress: Progress | bool | None = None,
) -> Plan:
    """Which effects an experiment would find, what it takes, and which result would refute the model.

    Parameters
    ----------
    name_or_file : str or Path
        A scenario.
    cells : str or Path, optional
        Another line than the scenario's own: a name, or your own file.
    replicates : int
        Days on which every dish is made once.
    assays : str or sequence of str
        "blot", "elisa", "qpcr", "count"; all unless told otherwise.
    compare : str or sequence of str
        Pairs of arms, "both vs trastuzumab"; what the expectations of the scenario ask unless told otherwise.
    quantity : str
        What is measured of these pairs.
    at : str or sequence of str
        Harvests, "48 h"; each day unless told otherwise.
    doses : sequence of float
        Factors on each dose of the scenario.
    about : str
        A question about the cell, by which measurements are ranked: "miR-21 acts through PTEN", "p110beta or Src", a
        loop ("Src on PTEN"), a finding of the scenario ("V4"), or a parameter.
    uptake : float, optional
        Share of the cells that took up the oligo.
    knock_down : float, optional
        Share of free miR-21, or of the transcript that an siRNA cleaves, that is gone 24 h after transfection, by qPCR
        of the whole dish.
    own_replicates : mapping of assay to sequence of float, optional
        Readings of one dish on different days: their scatter takes the place of the table's.
    settings, ensemble, weights, progress
        As of `pathway.run`.
    members : int, optional
        At most so many; 200 unless told otherwise, and 600 where a question is asked, which needs more.

    Returns
    -------
    Plan
        `.sentences`; `.to_dataframe()` has a row for each design, units in its header.

    Raises
    ------
    InputError
        With one line: an observable that no assay measures, a harvest before the dose, replicates that are none.
    NumericalError
        If no member has living cells.

    Examples
    --------
    >>> import pathway
    >>> pathway.plan("antimir21_resensitises", replicates=0)
    Traceback (most recent call last):
    ...
    pathway.planning.assays.PlanError: replicates: 0, expected 2 to 30: a scatter cannot be told from fewer
    """
    request = plan_request(
        replicates, assays, compare, quantity, at, doses, about, uptake, knock_down, own_replicates
    )  # fmt: skip
    return plan_task(name_or_file, cells, settings, request, ensemble, weights, members).plan(progress)


@dataclass(frozen=True, eq=False)
class PlanTask:
    """All that a plan is made of, read and found to be in order; no member is run yet."""

    scenario: Scenario
    laboratory: Laboratory
    sets: ParameterSets
    request: PlanRequest

    def identity(self, folder: Path) -> dict[str, Any]:
        """What tells the plan from others that might stand in the folder."""
        return plan_identity(self.scenario, self.request, self.sets.origin, folder)

    def plan(self, progress: Progress | bool | None = None) -> Plan:
        """The plan; raises as `plan`."""
        with progress_shown(progress) as report:
            return Plan(make_plan(self.scenario, self.laboratory, self.sets, self.request, report))


def plan_task(
    name_or_file: str | Path,
    cells: str | Path | None,
    settings: Mapping[str, str] | Sequence[str],
    request: PlanRequest,
    ensemble: str | Path | None,
    weights: str,
    members: int | None,
) -> PlanTask:
    """What `plan` is asked, up to where members are run; arguments and errors as there."""
    scenario = scenario_with_cells(name_or_file, cells, setting_lines(settings))
    laboratory = built_in_laboratory()
    members = members or (MEMBERS_ASKED if request.about else MEMBERS)
    sets, _ = parameter_sets_for(scenario, laboratory, ensemble, weights, members)
    if sets is None:
        raise PlanError("a plan needs an ensemble: what one parameter set says has no probability")
    return PlanTask(scenario, laboratory, sets, request)


def plan_request(
    replicates: int,
    assays: str | Sequence[str],
    compare: str | Sequence[str],
    quantity: str,
    at: str | Sequence[str],
    doses: Sequence[float],
    about: str,
    uptake: float | None,
    knock_down: float | None,
    own_replicates: Mapping[str, Sequence[float]] | None,
) -> PlanRequest:
    """What is asked of a plan; arguments and errors as of `plan`."""
    return PlanRequest(
        pairs=_pairs(_listed(compare), quantity),
        replicates=replicates,
        assays=_assays(_listed(assays), own_replicates or {}),
        at=tuple(_hours(text) for text in _listed(at)),
        factors=tuple(doses),
        transfection=Transfection(1.0 if uptake is None else uptake, knock_down, uptake is not None),
        about=about,
    )


def scenario_with_cells(name_or_file: str | Path, cells: str | Path | None, settings: list[str]) -> Scenario:
    """A scenario in another line, where one is given: by name, or by its file."""
    if cells is not None:
        own_file = Path(cells).suffix.lower() == ".toml"
        settings = [*settings, f"cells={Path(cells).resolve() if own_file else cells}"]
    return read_scenario(name_or_file, settings)


def _listed(given: str | Sequence[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _pairs(compare: Sequence[str], quantity: str) -> tuple[tuple[str, str], ...]:
    if compare and not quantity:
        raise PlanError("compare: what is measured? Name an observable too, such as pAKT or GR (--quantity)")
    if quantity and not compare:
        raise PlanError(f"quantity '{quantity}': of which arms? Name two, 'both vs trastuzumab' (--compare)")
    return tuple((pair, quantity) for pair in compare)


def _assays(names: Sequence[str], own: Mapping[str, Sequence[float]]) -> tuple[Assay, ...]:
    select_assays(own)  # an unknown one is refused
    return tuple(
        assay.with_own_replicates(own[assay.name], f"own replicates of {assay.name}") if assay.name in own else assay
        for assay in select_assays(names)
    )


def _hours(text: str) -> float:
    try:
        return parse_hours(text)
    except UnitError as error:
        raise PlanError(f"at: {error}") from None
