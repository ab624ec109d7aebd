"""`pathway fit`: from measurements to parameters; takes a scenario with `[fit]` or a PEtab problem."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from pathway.numerals import finite_or_none

from . import console
from .cluster import DASK, PROCESSES, dask_client, executor_of, threads_of
from .problem_file import FILE, FORCE, JSON, PANEL, SET, OpenedProblem

MOST_STARTS = 1000
"""Of a search until enough agree, unless more are asked for."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("fit", rich_help_panel=PANEL)(fit)


def fit(
    file: FILE,
    starts: Annotated[
        int | None,
        typer.Option(help="Local optimizations [default: 20, or up to 1000 until enough agree]", min=1, max=100_000),
    ] = None,
    until_agree: Annotated[
        int | None, typer.Option(help="No more starts once so many end at the best value [default: all]", min=2)
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Begin no start after it, such as '10 min' [default: no end]")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the starting points", min=0)] = 1,
    workers: PROCESSES = None,
    dask: DASK = None,
    resume: Annotated[Path | None, typer.Option(help="Folder of a search to go on with [default: begin anew]")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of search and report; default results/NAME_fit")] = None,
    profiles: Annotated[bool, typer.Option("--profiles", help="Intervals of all parameters by profiles")] = False,
    write_cells: Annotated[
        Path | None,
        typer.Option(help="Write what was found as a cell line (.toml, or a folder) [default: no]"),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help="Switch this parameter off (0), and the loop that hangs on it (repeatable) [default: none]"),
    ] = None,
    ensemble: Annotated[
        str | None,
        typer.Option(
            "--ensemble",
            metavar="WORD|FILE",
            help="Re-weight 'calibrated' or a FILE (.npz) instead of searching [default: search]",
        ),
    ] = None,
    weights: Annotated[str, console.WEIGHTS] = "measured",
    refine: Annotated[
        int,
        typer.Option(help="With --ensemble, where fewer than 50 members are left: new vectors, at most", min=0),
    ] = 2400,
    settings: SET = None,
    force: FORCE = False,
    as_json: JSON = False,
) -> int:
    """Find the best parameters from many starting points; leaves a report."""
    if ensemble is not None:
        typed: dict[str, object] = {
            "--starts": starts,
            "--until-agree": until_agree,
            "--budget": budget,
            "--dask": dask,
        }
        typed |= {"--resume": resume, "--profiles": profiles, "--write-cells": write_cells, "--without": without}
        of_a_search = [name for name, given in typed.items() if given]
        return _reweight(file, ensemble, weights, refine, of_a_search, out, settings, force, as_json)
    import shlex
    import sys

    from pathway.fitting.laboratory.held_out import fit_with_held_out_scales
    from pathway.fitting.search.multi_start import fit as search
    from pathway.report import write_report
    from pathway.report.fit import fit_report, fit_statistics, fit_summary

    from . import DONE, INTERRUPTED, BadInput

    opened = OpenedProblem(file, settings, without or ())
    problem = opened.problem
    if write_cells and opened.scenario is None:
        raise BadInput(f"{file}: --write-cells needs a scenario; a PEtab problem knows no cell lines")
    folder = resume or out or opened.folder
    _say_unseen(problem)
    starts = starts or (20 if until_agree is None else MOST_STARTS)
    seconds = _seconds(budget)
    with dask_client(dask) as client:
        searched = search(
            problem, starts, seed, workers=workers or threads_of(client), executor=executor_of(client),
            directory=folder, until_agree=until_agree, budget=seconds, progress=sys.stderr, force=force,
        )  # fmt: skip
    fitted = fit_with_held_out_scales(searched)
    if fitted.interrupted:
        again = ["pathway", "fit", file, "--starts", str(starts), "--seed", str(seed)]
        again += ["--until-agree", str(until_agree)] if until_agree else []
        again += [word for name in opened.without for word in ("--without", name)]
        again += [word for setting in settings or () for word in ("--set", setting)]
        console.say(f"Go on with: {shlex.join([*again, '--resume', str(folder)])}")
        return INTERRUPTED
    wanted = problem.names if profiles else opened.of_the_model() if write_cells else ()
    intervals = _profiles(fitted, wanted)
    facts = fit_statistics(fitted, intervals)
    record = write_report(
        fit_report(fitted, opened.source, intervals, facts), folder, console.typed_command(), say=console.say
    )
    written = opened.write_cells(fitted, intervals, write_cells) if write_cells else []
    rows = [(name, value, *facts.interval(k)) for k, (name, value) in enumerate(fitted.best.parameters.items())]
    if as_json:
        console.print_json(
            {
                "problem": problem.name,
                "objective": fitted.best.objective,
                "parameters": fitted.best.parameters,
                "intervals": {
                    n: {"lower": finite_or_none(low), "upper": finite_or_none(high), "by": by}
                    for n, _, low, high, by in rows
                },
                "at_bound": {n: side for k, n in enumerate(problem.names) if (side := facts.at_bound(k))},
                "starts": len(fitted.starts),
                "at_optimum": fitted.at_optimum(),
                "objectives": [finite_or_none(v) for v in fitted.objectives],
                "failures": fitted.failures,
                "chi_squared": {a.observable: facts.chi_squared(a) for a in facts.agreements},
                "points": {a.observable: a.points for a in facts.agreements},
                "not_seen": list(facts.local.unidentifiable),
                "contradicted": [_contradiction(one) for one in facts.diagnosis.contradicted],
                "diagnosis": facts.diagnosis.sentences(),
                "folder": str(folder),
                "cells": [str(path) for path in written],
            }
        )
        return DONE
    units = {p.name: p.unit for p in problem.parameters}
    cells = [
        [n, *(console.number_text(v, 4) for v in (value, low, high)), units[n], by] for n, value, low, high, by in rows
    ]
    header = ["parameter", "value", "95 % from", "to", "unit", "by"]
    if not any(units.values()):  # of a PEtab problem
        header, cells = [*header[:4], header[5]], [[*row[:4], row[5]] for row in cells]
    console.print_table(header, cells, numbers=(1, 2, 3))
    console.print_line(fit_summary(facts))
    for sentence in facts.diagnosis.sentences():
        console.print_line(sentence)
    console.print_report_places(folder, record, *written)
    return DONE


def _contradiction(one: Any) -> dict[str, Any]:
    """A number that the data contradict, for JSON."""
    return {
        "number": str(one.number),
        "name": one.number.target,
        "value": one.number.value,
        "improvement": one.improvement,
        "goes_to": one.value,
        "refitted": one.refit is not None,
        "chance": one.chance,
        "not_told_from": [test.number.target for test in one.group[1:]],
    }


def _reweight(
    file: str,
    word: str,
    weights: str,
    refine: int,
    unfit: list[str],
    out: Path | None,
    settings: list[str] | None,
    force: bool,
    as_json: bool,
) -> int:
    """Weights of an ensemble by the measurements, and what became of the headline numbers."""
    from pathway.api.reweight import reweighting_task
    from pathway.report import check_output_folder, default_results_folder, write_report
    from pathway.report.reweighting import REWEIGHTING

    from . import DONE, BadInput

    if unfit:
        raise BadInput(f"{', '.join(unfit)}: of a search for parameters, and --ensemble searches for none")
    task = reweighting_task(file, word, weights, settings or (), refine)
    folder = out or default_results_folder(f"{task.scenario.name}_reweighted", task.scenario.settings)
    check_output_folder(folder, REWEIGHTING, task.identity(folder), force)
    if task.ensemble.remark:
        console.say(task.ensemble.remark)
    with console.progress_line(quiet=as_json) as progress:
        reweighted = task.reweight(progress)
    record = write_report(reweighted.report(folder), folder, console.typed_command(), force, say=console.say)
    if as_json:
        console.print_json({**reweighted.to_dict(), "folder": str(folder)})
        return DONE
    reweighted.show(console)
    console.print_report_places(folder, record, folder / "ensemble.npz")
    return DONE


def _seconds(budget: str | None) -> float:
    """A time such as "10 min" in seconds; no time: no end."""
    from pathway.scenario.quantities import parse_hours
    from pathway.units import UnitError

    from . import BadInput

    if budget is None:
        return math.inf
    try:
        seconds = 3600.0 * parse_hours(budget)
    except UnitError as error:
        raise BadInput(f"--budget: {error}") from None
    if seconds <= 0.0:
        raise BadInput(f"--budget {budget}: a search needs some time")
    return seconds


def _say_unseen(problem: Any, most: int = 5) -> None:
    """What the data cannot tell near the nominal parameters, before any time is spent on fitting it."""
    import numpy as np

    from pathway.fitting.objective import Objective
    from pathway.fitting.search.lbfgs import MANY
    from pathway.fitting.uncertainty.identifiability import identifiability

    x = np.clip(problem.to_scale(problem.nominal), *problem.bounds)
    if len(x) >= MANY or not np.isfinite(x).all():
        return
    try:
        combinations = identifiability(Objective(problem), x).combinations
    except ArithmeticError:
        return
    for combination in combinations[:most]:
        together = ", ".join(f"{name} ({share:+.2g})" for name, share in combination.items())
        console.say(f"near the nominal parameters the data do not see relative changes of {together}")
    if len(combinations) > most:
        console.say(f"nor {len(combinations) - most} further combinations")


def _profiles(fitted: Any, names: Any) -> Any:
    from pathway.fitting.objective import Objective
    from pathway.fitting.uncertainty.profiles import profile as profiles

    if not names:
        return {}
    console.say(f"profiles of {len(names)} parameters")
    return profiles(Objective(fitted.problem), fitted.best.x, list(names))
