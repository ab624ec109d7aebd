"""What the commands of the analyses share: options from their declaration, reading the scenario, handing over."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pathway.analysis.declared_options import DECLARED, Option

from .. import console

if TYPE_CHECKING:
    from pathway.report import DeferredFigure, Report, Table


@dataclass(frozen=True)
class AnalysisTask:
    """A scenario with the options of an analysis."""

    scenario: Any
    laboratory: Any
    options: Mapping[str, Any]
    progress: console.Progress

    def draws(self, *lines: str) -> Any:
        """Parameter draws as the options say, for the cell lines named; of all arms unless given."""
        from pathway.analysis.draws import draws_from_option

        o = self.options
        lines = lines or tuple(dict.fromkeys(arm.cells for arm in self.scenario.arms))
        draws = draws_from_option(
            self.laboratory, lines, self.scenario.file.parent, o["ensemble"], count=int(o["draws"]),
            seed=int(o["seed"]), posterior=o["posterior"], progress=self.progress,
        )  # fmt: skip
        if draws.left_out:
            console.say(f"Not parameters of the circuit, left out: {', '.join(draws.left_out)}")
        if draws.origin:
            console.say(
                f"Values are those of the cell line as it stands, intervals and medians those of draws {draws.origin}. "
                "A value may lie outside its interval: the line's numbers are then unusual among the draws."
            )
        return draws


@dataclass(frozen=True)
class AnalysisAnswer:
    """What an analysis hands over.

    Attributes
    ----------
    content : dict
        The JSON form.
    tables : mapping of file stem to Table
    figures : mapping of file stem to DeferredFigure
    show : callable
        Prints it for the person at the terminal.
    sentences : sequence of str
        What was found, in plain words, for the page.
    """

    content: dict[str, Any]
    tables: Mapping[str, Table]
    figures: Mapping[str, DeferredFigure]
    show: Callable[[], None]
    sentences: Sequence[str] = ()


@dataclass(frozen=True)
class AnalysisCommand:
    """An analysis as a command.

    Attributes
    ----------
    name : str
        A key of `DECLARED`.
    description : str
        The help of the command.
    answer : callable
        From an AnalysisTask to an AnalysisAnswer; also what a replay asks.
    more : mapping of name to typer option
        Other ways of saying something, for the command line alone.
    read : callable
        What was typed, as options.
    """

    name: str
    description: str
    answer: Callable[[AnalysisTask], AnalysisAnswer]
    more: Mapping[str, Any] = field(default_factory=dict)
    read: Callable[[dict[str, Any]], dict[str, Any]] = dict

    def register(self, app: typer.Typer) -> None:
        """Add the command."""
        app.command(self.name.replace("_", "-"), rich_help_panel="Analyze")(self._command())

    def _command(self) -> Callable[..., int]:
        """A function with one parameter for each option, as typer wants it."""
        declared = DECLARED[self.name]
        options = {name: _typed(option) for name, option in declared.items()} | dict(self.more)

        def command(**given: Any) -> int:
            shared = {name: given.pop(name) for name in _SHARED}
            typed = {n: _read(v, declared[n].usual, n) if n in declared else v for n, v in given.items()}
            return _run(self, self.read(typed), **shared)

        kinds = {"scenario": _SCENARIO, **options, **_SHARED_OPTIONS}
        usual = {"scenario": inspect.Parameter.empty, "force": False, "as_json": False}
        command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=usual.get(n), annotation=kind)
                for n, kind in kinds.items()
            ]
        )
        command.__annotations__ = kinds
        command.__doc__ = self.description
        return command


_SCENARIO = Annotated[str, typer.Argument(help="A scenario's name or file", metavar="SCENARIO")]
_SHARED_OPTIONS = {
    "settings": Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change an entry of the scenario")
    ],
    "out": Annotated[
        Path | None, typer.Option("--out", help="Folder for the results; default: results/SCENARIO-ANALYSIS")
    ],
    "force": Annotated[bool, console.FORCE],
    "as_json": Annotated[bool, typer.Option("--json", help="Print one JSON object")],
}
_SHARED = ("scenario", *_SHARED_OPTIONS)


def _typed(option: Option) -> Any:
    """The option as the command line has it: None where it is not given; lists are texts with commas."""
    usual = option.usual
    kind = str if isinstance(usual, list) else type(usual)
    shown = ", ".join(map(str, usual)) if isinstance(usual, list) else str(usual)
    text = option.help + (f" [usual: {shown}]".replace("[", r"\[") if shown else "")
    return Annotated[kind | None, typer.Option(help=text)]


def _read(value: Any, usual: Any, name: str) -> Any:
    """What was typed, as the scenario file would hold it."""
    if value is None or not isinstance(usual, list):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if not usual or not isinstance(usual[0], int | float):
        return parts
    from .. import BadInput

    try:
        return [] if parts == ["none"] else [float(part) for part in parts]
    except ValueError:
        raise BadInput(f"--{name} takes numbers separated by commas, not '{value}'") from None


def _run(
    analysis: AnalysisCommand,
    given: Mapping[str, Any],
    scenario: str,
    settings: list[str] | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Read the scenario, analyze, write the folder, print."""
    from pathway.analysis.options import analysis_options
    from pathway.report import check_output_folder, default_results_folder, result_identity, write_report
    from pathway.report.analysis import analysis_report
    from pathway.scenario import built_in_laboratory, read_scenario

    from .. import DONE

    name = analysis.name
    read = read_scenario(scenario, settings or [])
    options = analysis_options(read, name, given)
    asked = [f"{key}={value}" for key, value in given.items() if value is not None]
    folder = out or default_results_folder(f"{read.name}-{name}", [*read.settings, *asked])
    check_output_folder(folder, name, result_identity(read, folder, options=dict(options)), force)
    with console.progress_line() as progress:
        answer = analysis.answer(AnalysisTask(read, built_in_laboratory(), options, progress))
        report: Report = analysis_report(
            name, read, folder, answer.content, answer.tables, answer.figures, options, sentences=answer.sentences
        )
        record = write_report(report, folder, console.typed_command(), force, say=console.say)
    if as_json:
        console.print_json({**answer.content, "provenance": record})
    else:
        answer.show()
        console.print_report_places(folder, record, numbers=f"{name}.json")
    return DONE


def hours_or_none(text: str | None) -> float | None:
    """A time such as "72 h" in hours; None for no text."""
    from pathway.scenario.quantities import parse_hours as read

    return read(text) if text else None
