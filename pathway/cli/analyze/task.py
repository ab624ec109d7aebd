"""What the commands of the analyses share: option types, reading the scenario, writing and printing what is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import console

Scenario = Annotated[str, typer.Argument(help="A scenario's name or file", metavar="SCENARIO")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change an entry of the scenario")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the results [default: results/SCENARIO-ANALYSIS]")]
Force = Annotated[bool, console.FORCE]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object")]
Ensemble = Annotated[
    str | None,
    typer.Option("--ensemble", help="Intervals: none, calibrated, prior, posterior, or a file of parameter sets"),
]
DrawCount = Annotated[int | None, typer.Option("--draws", help="How many draws")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of draws and samples")]
Posterior = Annotated[
    str | None, typer.Option("--posterior", help="Draws of 'pathway sample': its folder, or the CSV there")
]
ArmName = Annotated[str | None, typer.Option("--arm", help="An arm of the scenario")]

Table = tuple[Sequence[str], Sequence[Sequence[Any]]]
"""Header with units, and rows."""


@dataclass(frozen=True)
class Task:
    """A scenario with the options of an analysis."""

    scenario: Any
    laboratory: Any
    options: Mapping[str, Any]
    progress: console.Progress

    def draws(self, *lines: str) -> Any:
        """Parameter draws as the options say, for the cell lines named; of all arms unless given."""
        from pathway.analysis.draws import draws_of

        o = self.options
        lines = lines or tuple(dict.fromkeys(arm.cells for arm in self.scenario.arms))
        found = draws_of(
            self.laboratory, lines, self.scenario.file.parent, o["ensemble"], count=int(o["draws"]),
            seed=int(o["seed"]), posterior=o["posterior"], progress=self.progress,
        )  # fmt: skip
        if found.left_out:
            console.say(f"Not parameters of the circuit, left out: {', '.join(found.left_out)}")
        if found.origin:
            console.say(
                f"Values are those of the cell line as it stands, intervals and medians those of draws {found.origin}. "
                "A value may lie outside its interval: the line's numbers are then unusual among the draws."
            )
        return found


@dataclass(frozen=True)
class Found:
    """What an analysis hands over.

    Attributes
    ----------
    content : dict
        The JSON form.
    tables : mapping of file stem to Table
    figures : mapping of file stem to callable
        That draws it.
    show : callable
        Prints it for the person at the terminal.
    """

    content: dict[str, Any]
    tables: Mapping[str, Table]
    figures: Mapping[str, Callable[[], Any]]
    show: Callable[[], None]


def answer(
    analysis: str,
    found_by: Callable[[Task], Found],
    name: str,
    settings: list[str] | None,
    given: Mapping[str, Any],
    out: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Read the scenario, analyze, write the folder, print."""
    from pathway.analysis.options import options_of
    from pathway.report import check_out, default_folder, identity_of
    from pathway.report.analysis_folder import write_analysis
    from pathway.scenario import built_in_laboratory, read_scenario

    from .. import DONE

    scenario = read_scenario(name, settings or [])
    options = options_of(scenario, analysis, given)
    asked = [f"{key}={value}" for key, value in given.items() if value is not None]
    folder = out or default_folder(f"{scenario.name}-{analysis}", [*scenario.settings, *asked])
    check_out(folder, analysis, identity_of(scenario, folder, options=dict(options)), force)
    with console.progress_bar() as progress:
        found = found_by(Task(scenario, built_in_laboratory(), options, progress))
        record = write_analysis(
            analysis, scenario, found.content, found.tables, found.figures, folder, console.typed(), options,
            options.get("seed"), force, console.say,
        )  # fmt: skip
    if as_json:
        console.print_json({**found.content, "provenance": record})
    else:
        found.show()
        drawn = "" if record.get("not_made") else f"Figure: {folder / 'figure.png'}   "
        console.print_line(f"{drawn}numbers: {folder / (analysis + '.json')}")
    return DONE


def listed(text: str | None) -> list[str] | None:
    """The parts of a text with commas; None where nothing was given."""
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def hours(text: str | None) -> float | None:
    """A time such as "72 h" in hours; None for no text."""
    from pathway.scenario.quantities import hours as read

    return read(text) if text else None
