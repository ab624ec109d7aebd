"""`pathway check` and `pathway new`: scenario files, without running anything."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from . import console

TEMPLATE = """\
# A scenario is a bench plan. Change it, then: pathway check {file} && pathway run {file}
title  = "Does trastuzumab slow BT-474 cells?"
cells  = "bt474"                      # all cell lines: pathway show cells
# source = "Gong2011"                 # where the finding was published
# medium = {{ to = "serum-free", at = "-24 h" }}   # a ligand acts on starved cells; an arm may say its own

[time]
end = "120 h"
record_every = "1 h"                  # every arm starts from its own untreated steady state

[dose.trastuzumab]
agent = "trastuzumab"                 # all agents: pathway show agents
amount = "10 ug/mL"                   # any unit of the right kind; "2 x" is twice the usual dose
at = "0 h"                            # before time zero is pre-treatment
# every = "72 h"                      # repeat
# times = 2

# [dose.wash]
# agent = "medium change"             # removes what is in the medium
# at = "24 h"

[growth_rate]
of = ["trastuzumab"]                  # GR compares each arm with itself without any dose of this agent

[[arm]]
name = "untreated"

[[arm]]
name = "trastuzumab"
doses = ["trastuzumab"]

# [[arm]]
# name = "resistant"
# cells = "bt474_resistant"
# doses = ["trastuzumab"]
# knock_down = {{ PTEN = "80 %" }}      # as the bench measures it, in a stable line
# changes = {{ k_PTEN_degradation = "0.5 x" }}   # any parameter: pathway show parameters

[show]
observables = ["PTEN", "pAKT", "cell_number"]

# [data]                              # measured points, drawn over the curves
# file = "my_blots.csv"               # columns: arm,time,observable,value,unit,gel,loading,...
# normalize = "loading"               # or "total", "minmax", "lane: untreated 0 h"
# scale_shared_by = "gel"

# [fit]                               # what `pathway fit {file}` is to find in them
# parameters = ["k_PI3K"]             # bounds and priors: their ranges in pathway show parameters

[[expect]]
claim = "Trastuzumab slows growth"
role = "sanity"                       # sanity | construction | calibration | prediction
quantity = "GR"
arm = "trastuzumab"
below = 0.9
"""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("check", rich_help_panel="Experiments")(check)
    app.command("new", rich_help_panel="Experiments")(new)


def check(
    files: Annotated[list[str], typer.Argument(help="Scenario files or names, PEtab problems (.yaml), cell lines")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="As in 'pathway run' [default: no change]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> int:
    """Show every mistake of a scenario, PEtab problem or cell line, or what was understood of it; nothing is run."""
    from . import BAD_INPUT, DONE

    entries = {file: _checked_file(file, settings or [], as_json) for file in files}
    if as_json:
        console.print_json({"files": entries})
    return DONE if all(entry["ok"] for entry in entries.values()) else BAD_INPUT


def _checked_file(file: str, settings: list[str], as_json: bool) -> dict[str, Any]:
    """What was understood of a file, printed unless for JSON; its mistakes, on standard error."""
    from pathway.errors import InputError

    notes: list[str] = []
    try:
        with _collected(notes):
            lines, content = _understood(file, settings)
    except InputError as error:
        mistakes = str(error).splitlines()
        if not as_json:
            console.say(str(error))
        return {"ok": False, "mistakes": mistakes, "notes": notes}
    if not as_json:
        title, *rest = lines
        console.print_line(f"{file}: {title}", style="bold")
        for line in rest:
            print(console.harmless(line))
        for note in notes:
            console.say(f"note: {note}")
    return {"ok": True, "mistakes": [], "notes": notes, **content}


def _understood(file: str, settings: list[str]) -> tuple[list[str], dict[str, Any]]:
    """Title and what else is printed of a file, and its entry in JSON."""
    from pathway.clinic.read import is_cohort_file
    from pathway.parameters import is_cell_line_file

    if is_cohort_file(Path(file)):
        return _of_cohort(file)
    if Path(file).suffix.lower() in (".yaml", ".yml"):
        return _of_problem(file)
    if is_cell_line_file(Path(file)):
        from .cells import cell_line_overview

        return cell_line_overview(Path(file))
    return _of_scenario(file, settings)


def _of_scenario(file: str, settings: list[str]) -> tuple[list[str], dict[str, Any]]:
    from pathway.analysis.options import analyze_tables
    from pathway.scenario import read_scenario
    from pathway.scenario.inventory import column_entries, draw_inventory
    from pathway.scenario.size import expected_size
    from pathway.scenario.timeline import draw_timeline

    scenario = read_scenario(file, settings)
    analyze_tables(scenario)
    measured = draw_inventory(scenario)
    lines = [scenario.title, draw_timeline(scenario, console.terminal_width()), *([measured] if measured else [])]
    size = expected_size(scenario)
    lines += [f"A run takes {size.remark}"] if size.remark else []
    expected = {"seconds": round(size.seconds, 1), "bytes": round(size.bytes)}
    return lines, {"tables": column_entries(scenario), "expected": expected}


def _of_cohort(file: str) -> tuple[list[str], dict[str, Any]]:
    from pathway.clinic.read import read_cohort
    from pathway.scenario import built_in_laboratory

    plan = read_cohort(file, built_in_laboratory())
    arms = [f"{arm.name}: {arm.schedule or 'no trastuzumab'}" for arm in plan.arms]
    traits = f"{plan.women} women, {len(plan.traits)} traits, {len(plan.expectations)} published numbers"
    return [plan.title, traits, *arms], {"women": plan.women, "arms": [arm.name for arm in plan.arms]}


def _of_problem(file: str) -> tuple[list[str], dict[str, Any]]:
    from pathway.fitting.overview import problem_overview, problem_overview_lines
    from pathway.formats.problems import read_problem

    problem = read_problem(file)
    return [f"PEtab problem '{problem.name}'", *problem_overview_lines(problem)], problem_overview(problem)


@contextmanager
def _collected(notes: list[str]) -> Iterator[None]:
    """Warnings of ours as notes."""
    from pathway.errors import PathwayWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PathwayWarning)
        yield
    notes += [str(w.message) for w in caught if issubclass(w.category, PathwayWarning)]


def new(
    file: Annotated[Path, typer.Argument(help="The file to write")],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="A scenario to start from [default: a small one]"),
    ] = None,
    cells: Annotated[
        str | None,
        typer.Option("--cells", metavar="NAME", help="Write a cell line that starts from this one [default: no]"),
    ] = None,
) -> int:
    """Write a commented scenario, or a cell line, to start from."""
    from pathway.scenario import find_scenario

    from . import DONE, BadInput

    if file.suffix != ".toml":
        raise BadInput(f"{file}: a scenario or cell line file ends in .toml")
    if file.exists():
        raise BadInput(f"{file}: this file exists already; it is left as it is")
    if source is not None and cells is not None:
        raise BadInput("--from starts from a scenario, --cells from a cell line; choose one")
    if cells is not None:
        from .cells import write_cell_line_file

        write_cell_line_file(file, cells)
        console.say(f"{file} written. Next: pathway check {file}")
        return DONE
    if source is None:
        text = TEMPLATE.format(file=file)
    else:
        origin = find_scenario(source)
        text = f"# From the scenario '{origin.stem}'. Change it, then: pathway check {file} && pathway run {file}\n"
        text += origin.read_text(encoding="utf-8")
        _copy_measurements(text, origin.parent, file.parent)
    file.parent.mkdir(parents=True, exist_ok=True)
    from pathway.folders import write_atomically

    write_atomically(file, text)
    console.say(f"{file} written. Next: pathway check {file}")
    return DONE


def _copy_measurements(text: str, here: Path, there: Path) -> None:
    """The files that a scenario's `[data]` names go with it; one that is there already stays."""
    import shutil
    import tomllib

    data = tomllib.loads(text).get("data", [])
    for name in [table["file"] for table in (data if isinstance(data, list) else [data])]:
        if (here / name).is_file() and not (there / name).exists():
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(here / name, there / name)
            console.say(f"{there / name} written: its measurements")
