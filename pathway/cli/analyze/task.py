"""What the commands of the analyses share: options from their declaration, reading the scenario, printing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from pathway.analysis.declared_options import DECLARED, Option

from .. import console
from ..cluster import DASK, THREADS, dask_client, executor_of


@dataclass(frozen=True)
class AnalysisCommand:
    """An analysis as a command.

    Attributes
    ----------
    name : str
        A key of `DECLARED`.
    description : str
        The help of the command.
    more : mapping of name to typer option
        Other ways of saying something, for the command line alone.
    read : callable
        What was typed, as options.
    spread : bool
        Whether it is long work in pieces, which go to threads or a cluster.
    """

    name: str
    description: str
    more: Mapping[str, Any] = field(default_factory=dict)
    read: Callable[[dict[str, Any]], dict[str, Any]] = dict
    spread: bool = False

    def register(self, app: typer.Typer) -> None:
        """Add the command."""
        app.command(self.name.replace("_", "-"), rich_help_panel="Analyze")(self._command())

    def _command(self) -> Callable[..., int]:
        """A function with one parameter for each option, as typer wants it."""
        declared = DECLARED[self.name]
        options = {name: _typed(option) for name, option in declared.items()} | dict(self.more)
        workers = {"workers": THREADS, "dask": DASK} if self.spread else {}

        def command(**given: Any) -> int:
            shared = {name: given.pop(name) for name in _SHARED} | {n: given.pop(n) for n in workers}
            typed = {n: _read(v, declared[n].usual, n) if n in declared else v for n, v in given.items()}
            return _run(self, self.read(typed), **shared)

        kinds = {"scenario": _SCENARIO, **options, **workers, **_SHARED_OPTIONS}
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


_SCENARIO = Annotated[
    str,
    typer.Argument(help="A scenario's name or file", metavar="SCENARIO", autocompletion=console.scenario_completion),
]
_SHARED_OPTIONS = {
    "settings": Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change an entry of the scenario [default: no change]"),
    ],
    "out": Annotated[
        Path | None, typer.Option("--out", help="Folder for the results [default: results/SCENARIO-ANALYSIS]")
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
    text = f"{option.help} [default: {shown or option.otherwise}]"
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
    command: AnalysisCommand,
    given: Mapping[str, Any],
    scenario: str,
    settings: list[str] | None,
    out: Path | None,
    force: bool,
    as_json: bool,
    workers: int | None = None,
    dask: str | None = None,
) -> int:
    """Read the scenario, analyze, write the folder, print."""
    from pathway.analysis.options import analysis_options
    from pathway.api.analyses import ANALYSES, AnalysisTask
    from pathway.api.analyze import Analysis
    from pathway.report import check_output_folder, default_results_folder, result_identity, write_report
    from pathway.report.provenance import identity_of_parts
    from pathway.scenario import built_in_laboratory, read_scenario
    from pathway.simulation.pieces import PARTS, PieceRunner

    from .. import DONE

    name = command.name
    read = read_scenario(scenario, settings or [])
    options = analysis_options(read, name, given)
    asked = [f"{key}={value}" for key, value in given.items() if value is not None]
    folder = out or default_results_folder(f"{read.name}-{name}", [*read.settings, *asked])
    identity = result_identity(read, folder, options=dict(options))
    check_output_folder(folder, name, identity, force)
    parts = folder.with_name(folder.name + PARTS), identity_of_parts(identity, read.inputs)
    with dask_client(dask) as client, console.progress_line() as progress:
        runner = PieceRunner(workers, executor_of(client), *parts)
        output = ANALYSES[name](AnalysisTask(read, built_in_laboratory(), options, progress, console.say, runner))
        report = Analysis(name, read, options, output).report(folder)
        progress("figure and report", 0, 1)
        record = write_report(report, folder, console.typed_command(), force, say=console.say)
        runner.clear()
    if as_json:
        console.print_json({**output.content, "provenance": record})
    else:
        output.show(console)
        console.print_report_places(folder, record, numbers=f"{name}.json")
    return DONE
