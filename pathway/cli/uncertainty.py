"""`pathway profile`, `sample`, `predict`, `design`: how well the parameters of a fit are known, and what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from . import console
from .problem_file import FILE, FIT, JSON, PANEL, SET, Opened, finite, known


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (profile, sample, predict, design):
        app.command(command.__name__, rich_help_panel=PANEL)(command)


def profile(
    file: FILE,
    names: Annotated[list[str] | None, typer.Option("--parameter", help="Only this one (repeatable)")] = None,
    level: Annotated[float, typer.Option(help="Confidence", min=0.5, max=0.9999)] = 0.95,
    fitted: FIT = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; default results/NAME_profiles")] = None,
    settings: SET = None,
    as_json: JSON = False,
) -> int:
    """Confidence limits of each parameter from its profile likelihood; leaves a report."""
    from pathway.fitting.uncertainty.profiles import profile as profiles
    from pathway.report.profile_page import profile_summary
    from pathway.report.uncertainty_folder import write_profiles

    from . import DONE

    opened = Opened(file, settings)
    for name in names or ():
        known("estimated parameter", name, opened.problem.names)
    begun = opened.at_optimum(fitted)
    found = profiles(begun.objective, begun.x, names or None, level=level)
    folder = out or opened.beside("profiles")
    write_profiles(found, folder, ["pathway", "profile", file, "--level", f"{level:g}"], opened.inputs, opened.scenario)
    for name, p in found.items():
        if p.better > 0.1:
            console.say(f"the profile of {name} falls {p.better:.3g} below where it began: fit again with more starts")
    if as_json:
        made: dict[str, Any] = {
            name: {
                "lower": p.lower,
                "upper": p.upper,
                "verdict": p.verdict,
                "values": p.values.tolist(),
                "objectives": p.objectives.tolist(),
                "moves_with": p.companions,
            }
            for name, p in found.items()
        }
        console.print_json(made)
        return DONE
    best = dict(zip(opened.problem.names, opened.problem.from_scale(begun.x), strict=True))
    rows = [
        [name, f"{best[name]:.5g}", f"{p.lower:.5g}", f"{p.upper:.5g}", p.verdict, ", ".join(p.companions)]
        for name, p in found.items()
    ]
    header = ["parameter", "best", f"lower {level:.0%}", f"upper {level:.0%}", "verdict", "moves with"]
    console.print_table(header, rows, numbers=(1, 2, 3))
    console.print_line(profile_summary(found))
    console.print_line(str(folder / "report.html"))
    return DONE


def sample(
    file: FILE,
    draws: Annotated[int, typer.Option(help="Draws to keep, of each chain", min=100)] = 1000,
    tune: Annotated[int, typer.Option(help="Draws before them, from which the sampler learns", min=50)] = 500,
    chains: Annotated[int, typer.Option(help="Chains, which are compared with each other", min=2)] = 4,
    seed: Annotated[int, typer.Option(help="Seed")] = 1,
    method: Annotated[str, typer.Option(help="nuts (with slopes), ensemble (without) or auto")] = "auto",
    target_accept: Annotated[
        float, typer.Option(help="nuts: nearer to 1 makes smaller steps, against divergences", min=0.5, max=0.999)
    ] = 0.8,
    workers: Annotated[int | None, typer.Option(help="Processes", min=1)] = None,
    fitted: FIT = None,
    out: Annotated[Path | None, typer.Option(help="Folder of draws and report; default results/NAME_posterior")] = None,
    settings: SET = None,
    as_json: JSON = False,
) -> int:
    """Draws from the posterior, with R-hat, effective numbers of draws and divergences; leaves a report.

    Interrupted or killed, the same command goes on where it was.
    """
    import sys

    from pathway.fitting.uncertainty.sampling import Interrupted, separate_ends
    from pathway.fitting.uncertainty.sampling import sample as posterior
    from pathway.report.posterior_page import posterior_rows, posterior_summary
    from pathway.report.uncertainty_folder import write_posterior

    from . import DONE, INTERRUPTED, BadInput

    if out is not None and out.suffix == ".csv":
        raise BadInput(f"--out {out}: name a folder; draws.csv is written into it")
    opened = Opened(file, settings)
    begun = opened.at_optimum(fitted)
    folder = out or opened.beside("posterior")
    ends = begun.x if begun.fit is None else separate_ends(begun.fit, chains)
    try:
        found = posterior(
            begun.objective,
            ends,
            draws,
            seed,
            chains=chains,
            tune=tune,
            method=method,
            target_accept=target_accept,
            workers=workers,
            directory=folder,
            progress=sys.stderr,
        )
    except Interrupted:
        console.say(f"the chains are kept in {folder}: the same command goes on there")
        return INTERRUPTED
    typed = ["pathway", "sample", file, "--draws", str(draws), "--tune", str(tune), "--chains", str(chains)]
    typed += ["--seed", str(seed), "--method", method, "--target-accept", f"{target_accept:g}"]
    write_posterior(found, folder, typed, opened.inputs, opened.scenario)
    for concern in found.concerns:
        console.say(concern)
    header, rows = posterior_rows(found)
    if as_json:
        keys = ("parameter", "best", "median", "unit", "low", "high", "r_hat", "effective", "effective_tails")
        table = [dict(zip(keys, (finite(v) if isinstance(v, float) else v for v in row), strict=False)) for row in rows]
        console.print_json(
            {
                "parameters": {str(entry.pop("parameter")): entry for entry in table},
                "method": found.method,
                "reason": found.reason,
                "chains": found.chains,
                "draws": len(found.draws),
                "divergences": found.divergences,
                "acceptance": found.acceptance,
                "evaluations": found.evaluations,
                "failures": found.failures,
                "converged": found.converged,
                "concerns": found.concerns,
                "folder": str(folder),
            }
        )
        return INTERRUPTED if found.interrupted else DONE
    cells = [
        [str(v) if isinstance(v, str) else f"{v:.4g}" for v in row[:6]]
        + [f"{row[6]:.3f}", *(f"{v:.0f}" for v in row[7:9])]
        for row in rows
    ]
    console.print_table(header[:9], cells, numbers=(1, 2, 4, 5, 6, 7, 8))
    console.print_line(posterior_summary(found))
    console.print_line(str(folder / "report.html"))
    return INTERRUPTED if found.interrupted else DONE


def predict(
    file: FILE,
    draws: Annotated[Path, typer.Option(help="CSV of parameter draws, as `pathway sample --out` writes it")],
    scenario: Annotated[
        str | None, typer.Option(help="What another scenario would show, instead of the problem's measurements")
    ] = None,
    level: Annotated[float, typer.Option(help="Share of draws inside the band", min=0.5, max=1.0)] = 0.95,
    fitted: FIT = None,
    settings: SET = None,
    as_json: JSON = False,
) -> int:
    """Bands of predictions over draws of the parameters."""
    import numpy as np

    from pathway.fitting.uncertainty.predict import predict as bands

    from . import DONE, BadInput

    opened = Opened(file, settings)
    problem, x = opened.problem, opened.at_optimum(fitted).x
    with open(draws, encoding="utf-8") as stream:
        header = stream.readline().strip().split(",")
        table = np.loadtxt(stream, delimiter=",", ndmin=2)
    if tuple(header) != problem.names:
        raise BadInput(f"{draws}:1: columns {', '.join(header)}; expected {', '.join(problem.names)}")
    best = problem.from_scale(x)
    if scenario is not None:
        problem = _prediction(file, settings, scenario)
        places = [header.index(name) for name in problem.names]
        best, table = best[places], table[:, places]
    found = bands(problem, best, table, level=level)
    rows = [
        {"experiment": m.experiment, "observable": m.observable, "time": m.time}
        | ({"measured": m.value} if scenario is None else {})
        | {"best": float(b), "low": float(low), "high": float(high)}
        for m, b, low, high in zip(found.measurements, found.best, found.low, found.high, strict=True)
    ]
    if found.failed:
        console.say(f"{found.failed} draws could not be simulated")
    if as_json:
        console.print_json({"predictions": rows, "failed": found.failed})
        return DONE
    cells = [[str(v) if isinstance(v, str) else f"{v:.5g}" for v in row.values()] for row in rows]
    console.print_table(list(rows[0]), cells, numbers=range(2, len(rows[0])))
    return DONE


def _prediction(file: str, settings: list[str] | None, scenario: str) -> Any:
    """Another scenario over the parameters of a fit; it may only ask for what the fit has found."""
    from pathway.fitting.laboratory.bench import prediction_of
    from pathway.scenario import read_scenario

    from . import BadInput

    if Path(file).suffix not in ("", ".toml"):
        raise BadInput(f"{file}: --scenario needs a fit of a scenario; a PEtab problem knows no other experiments")
    fitted = read_scenario(file, settings or [])
    problem = prediction_of(fitted, read_scenario(scenario))
    own = {p.name for p in Opened(file, settings).problem.estimated}
    unknown = [name for name in problem.names if name not in own]
    if unknown:
        raise BadInput(f"{scenario}: {', '.join(unknown)} was not estimated in {file}: it has other cell lines")
    return problem


def design(
    file: FILE,
    target: Annotated[str, typer.Option(help="Parameter whose uncertainty should shrink")],
    fitted: FIT = None,
    at: Annotated[list[str] | None, typer.Option(help="A feasible time, with its unit (repeatable)")] = None,
    arms: Annotated[list[str] | None, typer.Option("--arm", help="A feasible arm, also one not measured yet")] = None,
    observables: Annotated[list[str] | None, typer.Option("--observable", help="Only this one (repeatable)")] = None,
    best: Annotated[int, typer.Option(help="How many to list", min=1)] = 10,
    settings: SET = None,
    as_json: JSON = False,
) -> int:
    """Rank possible measurements by what they would tell about a parameter.

    Unless told otherwise: once more what was measured. With --at, --arm or --observable: those times in those arms.
    """
    from pathway.fitting.uncertainty.predict import design as rank

    from . import DONE

    opened = Opened(file, settings)
    problem, x = opened.problem, opened.at_optimum(fitted).x
    known("estimated parameter", target, problem.names)
    found = rank(problem, x, _feasible(problem, at, arms, observables), target)[:best]
    rows = [
        {"experiment": s.measurement.experiment, "observable": s.measurement.observable, "time": s.measurement.time}
        | {"before": s.before, "after": s.after, "gain": s.gain}
        for s in found
    ]
    if as_json:
        console.print_json({"target": target, "suggestions": rows})
        return DONE
    cells = [[str(v) if isinstance(v, str) else f"{v:.4g}" for v in row.values()] for row in rows]
    console.print_table(
        ["experiment", "observable", "time", "sd before", "sd after", "gain"], cells, numbers=(2, 3, 4, 5)
    )
    return DONE


def _feasible(problem: Any, at: list[str] | None, arms: list[str] | None, observables: list[str] | None) -> list[Any]:
    """What could be measured: a measurement of each kind, moved to other times and arms if some are given."""
    from dataclasses import replace

    from pathway.scenario.quantities import hours

    from . import BadInput

    known = {"arm": [e.name for e in problem.experiments], "observable": [o.name for o in problem.observables]}
    for what, names in (("arm", arms), ("observable", observables)):
        for name in names or ():
            if name not in known[what]:
                raise BadInput(f"no {what} is called '{name}'; known: {', '.join(known[what])}")
    if at and problem.model.time_unit not in ("h", ""):
        raise BadInput(f"--at is in hours; the time of this problem is in {problem.model.time_unit}")
    kinds = {
        (m.observable, m.experiment if arms is None else "", m.time if at is None else 0.0): m
        for m in problem.measurements
    }
    made = {}
    for m in kinds.values():
        if observables and m.observable not in observables:
            continue
        for arm in arms or [m.experiment]:
            for time in [hours(text) for text in at] if at else [m.time]:
                made[arm, m.observable, time] = replace(m, experiment=arm, time=time)
    return list(made.values())
