"""`pathway.synergy` and the other analyses of a scenario, and what they hand over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pathway.analysis.declared_options import DECLARED, Option
from pathway.errors import UnknownNameError, did_you_mean, public_function
from pathway.notebook import HtmlDisplay, Progress, listed, progress_shown
from pathway.simulation.pieces import PieceRunner

from .analyses import ANALYSES, AnalysisOutput, AnalysisTask
from .settings import setting_lines

if TYPE_CHECKING:
    from pathway.report import Report
    from pathway.scenario.experiment import Scenario


@dataclass(frozen=True, eq=False, repr=False)
class Analysis:
    """What an analysis of a scenario has found.

    Attributes
    ----------
    name : str
        "synergy", ...
    scenario : Scenario
    options : mapping
        All of them, defaults filled in.
    output : AnalysisOutput
    """

    name: str
    scenario: Scenario
    options: Mapping[str, Any]
    output: AnalysisOutput

    @property
    def sentences(self) -> list[str]:
        """What was found, in plain words."""
        return list(self.output.sentences)

    @property
    def content(self) -> dict[str, Any]:
        """All numbers, as the JSON file of the command holds them."""
        return self.output.content

    @property
    def tables(self) -> Mapping[str, Any]:
        """Header (with units) and rows by name, as the command writes them to CSV files."""
        return self.output.tables

    def to_dataframe(self, table: str = "") -> Any:
        """One of `tables` as a pandas table; the first unless named.

        Raises
        ------
        UnknownNameError
            If there is no such table.
        """
        from pathway.extras import pandas

        header, rows = self.tables[_one_of("table", table, self.tables)]
        return pandas().DataFrame([list(row) for row in rows], columns=list(header))

    def draw(self, what: str = "") -> Any:
        """One of its figures; the first unless named: what `pathway.plot` shows.

        Raises
        ------
        UnknownNameError
            If there is no such figure.
        """
        return self.output.figures[_one_of("figure", what, self.output.figures)].draw()

    def report(self, folder: Path) -> Report:
        """What it leaves in a folder."""
        from pathway.report.analysis import analysis_report

        a = self.output
        return analysis_report(
            self.name, self.scenario, folder, a.content, a.tables, a.figures, self.options, sentences=a.sentences
        )

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Numbers, tables, figures, an HTML report and provenance in a folder, as the command leaves them.

        Returns
        -------
        Path
            Of the report.

        Raises
        ------
        FolderError
            If something else stands there and `force` is False.
        """
        from .saving import as_path, save_report

        return save_report(self.report(as_path("folder", folder)), folder, force)

    def __repr__(self) -> str:
        return (
            f"<Analysis '{self.name}' of '{self.scenario.name}': tables {listed(self.tables)}; .sentences, .save(DIR)>"
        )

    def _repr_html_(self) -> str:
        page = HtmlDisplay()
        self.output.show(page)
        return page.html


def _one_of(kind: str, name: str, known: Mapping[str, Any]) -> str:
    if name and name not in known:
        raise UnknownNameError(f"there is no {kind} '{name}'.{did_you_mean(name, known)} There are {', '.join(known)}")
    return name or next(iter(known))


def repeated_analysis(
    folder: Path, progress: Progress | None = None, say: Callable[[str], None] = print
) -> tuple[dict[str, Any], dict[str, Any], Analysis]:
    """Record and JSON form of an analysis in a folder, and the analysis asked again with its options.

    Raises
    ------
    FolderError
        If the folder holds none.
    """
    from pathway.analysis.options import analysis_options, checked_options
    from pathway.report.analysis import read_analysis
    from pathway.scenario import built_in_laboratory, read_scenario

    record, content, scenario_file = read_analysis(folder, ANALYSES)
    scenario = read_scenario(str(scenario_file), record["settings"])
    name = record["analysis"]
    options = analysis_options(scenario, name, checked_options(name, record["options"]))
    task = AnalysisTask(scenario, built_in_laboratory(), options, progress, say)
    return record, content, Analysis(name, scenario, options, ANALYSES[name](task))


def _ask(
    name: str,
    scenario: str | Path,
    settings: Mapping[str, str] | Sequence[str],
    progress: Progress | bool | None,
    options: Mapping[str, Any],
    runner: PieceRunner | None = None,
) -> Analysis:
    import warnings

    from pathway.analysis.options import analysis_options, checked_options
    from pathway.errors import PathwayWarning
    from pathway.scenario import built_in_laboratory, read_scenario

    given = checked_options(name, options)
    read = read_scenario(scenario, setting_lines(settings))
    chosen = analysis_options(read, name, given)

    def say(text: str) -> None:
        warnings.warn(text, PathwayWarning, stacklevel=2)

    with progress_shown(progress) as report:
        task = AnalysisTask(read, built_in_laboratory(), chosen, report, say, runner or PieceRunner())
        output = ANALYSES[name](task)
    return Analysis(name, read, chosen, output)


_WORKERS = (
    "    workers : int, optional\n        Threads; None: as many as there are cores. Results do not depend on it.",
    "    executor : object with `submit`, optional\n"
    "        Works elsewhere: a Dask client, a `concurrent.futures` pool of processes.",
)


def _described(function: Callable[..., Analysis]) -> Callable[..., Analysis]:
    """The function with its options, as they are declared, in its docstring."""
    options = [
        f"    {name} : {_kind(option)}\n        {option.help}." for name, option in DECLARED[function.__name__].items()
    ]
    parts = [
        "Parameters",
        "    ----------",
        "    scenario : str or Path\n        The name of one that comes with the package, or a TOML file.",
        '    settings : mapping or sequence of "KEY=VALUE", optional\n        What differs from the file.',
        "    progress : callable (what, done, of) or bool, optional\n"
        "        True: a line of progress; None: one in a notebook.",
        *(_WORKERS if "workers" in signature(function).parameters else ()),
        *options,
        "",
        "    Returns",
        "    -------",
        "    Analysis\n        `.sentences`, `.tables` (units in the header), `.to_dataframe()`, `.save(DIR)`; "
        "`pathway.plot` draws it.",
        "",
        "    Raises",
        "    ------",
        "    ScenarioError, AnalysisError\n        With every mistake of the file or the options, one line each.",
        "    SimulationError\n        If a simulation fails.",
        "",
        "    Examples",
    ]
    function.__doc__ = (function.__doc__ or "").replace("Examples", "\n".join(parts), 1)
    return public_function(function)


def _kind(option: Option) -> str:
    usual = option.usual
    if isinstance(usual, list):
        shown = ", ".join(map(str, usual)) or option.otherwise
        return f"list of {'number' if usual and not isinstance(usual[0], str) else 'str'}; default: {shown}"
    return f"{type(usual).__name__}; default: {option.otherwise if usual == '' else repr(usual)}"


@_described
def dose_response(
    scenario: str | Path,
    *,
    settings: Mapping[str, str] | Sequence[str] = (),
    progress: Progress | bool | None = None,
    **options: Any,
) -> Analysis:
    """GR metrics, IC50 and read-outs over doses of an agent.

    Examples
    --------
    >>> import pathway
    >>> answer = pathway.dose_response("antimir21_resensitises", agent="trastuzumab", steps=3)
    >>> answer.to_dataframe().shape[0] > 0
    True
    """
    return _ask("dose_response", scenario, settings, progress, options)


@_described
def synergy(
    scenario: str | Path,
    *,
    settings: Mapping[str, str] | Sequence[str] = (),
    progress: Progress | bool | None = None,
    **options: Any,
) -> Analysis:
    """Two agents over a grid of doses: Bliss, HSA, Loewe, ZIP, MuSyC, isoboles, schedules.

    Examples
    --------
    >>> import pathway
    >>> answer = pathway.synergy("antimir21_resensitises", grid="3x3", shifts=["none"])
    >>> list(answer.tables)
    ['synergy']
    """
    return _ask("synergy", scenario, settings, progress, options)


@_described
def screen(
    scenario: str | Path,
    *,
    settings: Mapping[str, str] | Sequence[str] = (),
    progress: Progress | bool | None = None,
    workers: int | None = None,
    executor: Any = None,
    **options: Any,
) -> Analysis:
    """What else would change the drug's effect? Every target knocked down or up, alone and in pairs.

    Examples
    --------
    >>> import pathway
    >>> answer = pathway.screen("antimir21_resensitises", only=["PTEN_mRNA"], kinds=["species"], pairs=0)
    >>> answer.to_dataframe("screen").shape[0]
    1
    """
    return _ask("screen", scenario, settings, progress, options, PieceRunner(workers, executor))


@_described
def sensitivity(
    scenario: str | Path,
    *,
    settings: Mapping[str, str] | Sequence[str] = (),
    progress: Progress | bool | None = None,
    workers: int | None = None,
    executor: Any = None,
    **options: Any,
) -> Analysis:
    """Which parameters matter: Sobol indices, Morris effects, control coefficients, or sensitivities over time.

    Examples
    --------
    >>> import pathway
    >>> answer = pathway.sensitivity("antimir21_resensitises", method="control", levels=["PTEN"])
    >>> list(answer.tables)
    ['control']
    """
    return _ask("sensitivity", scenario, settings, progress, options, PieceRunner(workers, executor))


@_described
def bifurcation(
    scenario: str | Path,
    *,
    settings: Mapping[str, str] | Sequence[str] = (),
    progress: Progress | bool | None = None,
    **options: Any,
) -> Analysis:
    """Steady states over a parameter, folds and Hopf points; is resistance a second stable state?

    Examples
    --------
    >>> import pathway
    >>> answer = pathway.bifurcation("antimir21_resensitises", ensemble="none", readings=["PTEN"])
    >>> list(answer.tables)
    ['bifurcation']
    """
    return _ask("bifurcation", scenario, settings, progress, options)


@_described
def explain(
    scenario: str | Path,
    *,
    settings: Mapping[str, str] | Sequence[str] = (),
    progress: Progress | bool | None = None,
    **options: Any,
) -> Analysis:
    """Why does one arm differ from another? The difference divided among the links that carry it.

    Examples
    --------
    >>> import pathway
    >>> answer = pathway.explain("antimir21_resensitises", reading="PTEN")
    >>> list(answer.tables)
    ['explain', 'fluxes']
    """
    return _ask("explain", scenario, settings, progress, options)


@_described
def single_cells(
    scenario: str | Path,
    *,
    settings: Mapping[str, str] | Sequence[str] = (),
    progress: Progress | bool | None = None,
    **options: Any,
) -> Analysis:
    """How far do cells of one dish differ, and where would miR-21 run out? Single molecules of PTEN transcript.

    Examples
    --------
    >>> import pathway
    >>> answer = pathway.single_cells("antimir21_resensitises", cells=5, titration=[1.0])
    >>> list(answer.tables)
    ['single_cells']
    """
    return _ask("single_cells", scenario, settings, progress, options)
