"""`pathway fit`, `profile`, `sample`, `predict`, `design`: from measurements to parameters with their uncertainty.

All of them take a scenario with `[fit]` or a PEtab problem.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from . import console

_PANEL = "Fit"
_FILE = Annotated[
    str, typer.Argument(help="Scenario with [fit] (.toml or a name), or PEtab problem (.yaml)", show_default=False)
]
_FIT = Annotated[
    Path | None, typer.Option("--fit", help="Folder of a fit; default: results/NAME_fit, else the nominal parameters")
]
_SET = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="As in 'pathway run'")]
_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (fit, profile, sample, predict, design):
        app.command(command.__name__, rich_help_panel=_PANEL)(command)


def fit(
    file: _FILE,
    starts: Annotated[int, typer.Option(help="Local optimizations", min=1)] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the starting points")] = 1,
    workers: Annotated[int | None, typer.Option(help="Processes", min=1)] = None,
    resume: Annotated[Path | None, typer.Option(help="Folder of a search to go on with")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of search and report; default results/NAME_fit")] = None,
    profiles: Annotated[bool, typer.Option("--profiles", help="Intervals of all parameters by profiles")] = False,
    write_cells: Annotated[
        Path | None, typer.Option(help="Write what was found as a cell line (.toml; a folder for several lines)")
    ] = None,
    settings: _SET = None,
    as_json: _JSON = False,
) -> int:
    """Find the best parameters from many starting points; leaves a report."""
    import sys

    from pathway.fitting.search.multi_start import fit as search
    from pathway.report.fit_folder import inputs_of, write_fit
    from pathway.report.fit_page import summary

    from . import DONE, INTERRUPTED, BadInput

    opened = _Opened(file, settings)
    problem = opened.problem
    if write_cells and opened.scenario is None:
        raise BadInput(f"{file}: --write-cells needs a scenario; a PEtab problem knows no cell lines")
    folder = resume or out or opened.folder
    _say_unseen(problem)
    found = search(problem, starts, seed, workers=workers, directory=folder, progress=sys.stderr)
    if found.interrupted:
        console.say(f"Go on with: pathway fit {file} --starts {starts} --seed {seed} --resume {folder}")
        return INTERRUPTED
    wanted = problem.names if profiles else opened.of_the_model() if write_cells else ()
    made = _profiles(found, wanted)
    inputs = inputs_of(Path(file), opened.scenario)
    told = write_fit(
        found,
        folder,
        ["pathway", "fit", file, "--starts", str(starts), "--seed", str(seed)],
        inputs,
        made,
        opened.scenario,
    )
    written = opened.write_cells(found, made, write_cells) if write_cells else []
    rows = [(name, value, *told.interval(k)) for k, (name, value) in enumerate(found.best.parameters.items())]
    if as_json:
        console.print_json(
            {
                "problem": problem.name,
                "objective": found.best.objective,
                "parameters": found.best.parameters,
                "intervals": {
                    n: {"lower": _known(low), "upper": _known(high), "by": by} for n, _, low, high, by in rows
                },
                "starts": len(found.starts),
                "at_optimum": found.at_optimum(),
                "objectives": [_known(v) for v in found.objectives],
                "failures": found.failures,
                "chi_squared": {a.observable: a.chi_squared for a in told.agreements},
                "points": {a.observable: a.points for a in told.agreements},
                "folder": str(folder),
                "cells": [str(path) for path in written],
            }
        )
        return DONE
    units = {p.name: p.unit for p in problem.parameters}
    cells = [
        [n, f"{v:.5g}", units[n] or "1", console.number(low, 4), console.number(high, 4), by]
        for n, v, low, high, by in rows
    ]
    console.print_table(["parameter", "value", "unit", "95 % from", "to", "by"], cells, numbers=(1, 3, 4))
    console.print_line(summary(told))
    for path in [folder / "report.html", *written]:
        console.print_line(str(path))
    return DONE


def _say_unseen(problem: Any, most: int = 5) -> None:
    """What the data cannot tell near the nominal parameters, before any time is spent on fitting it."""
    import numpy as np

    from pathway.fitting.objective import Objective
    from pathway.fitting.search.descent import MANY
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
        console.say(f"near the nominal parameters the data do not see a move of {together} on the scale of the search")
    if len(combinations) > most:
        console.say(f"nor {len(combinations) - most} further combinations")


def _known(value: float) -> float | None:
    import math

    return float(value) if math.isfinite(value) else None


def _profiles(found: Any, names: Any) -> Any:
    from pathway.fitting.objective import Objective
    from pathway.fitting.uncertainty.profiles import profile as profiles

    if not names:
        return {}
    console.say(f"profiles of {len(names)} parameters")
    return profiles(Objective(found.problem), found.best.x, list(names))


class _Opened:
    """A file on the command line as a problem, and as a scenario if it is one."""

    def __init__(self, file: str, settings: list[str] | None) -> None:
        from pathway.formats.problems import read_problem

        self.scenario = None
        if Path(file).suffix in ("", ".toml"):
            from pathway.fitting.laboratory.bench import problem_of
            from pathway.scenario import read_scenario

            self.scenario = read_scenario(file, settings or [])
            self.problem = problem_of(self.scenario)
        else:
            self.problem = read_problem(file, settings or [])

    @property
    def folder(self) -> Path:
        """Where its fit lies unless told otherwise; a run of the same scenario has another folder."""
        return Path("results") / f"{self.problem.name}_fit"

    def of_the_model(self) -> list[str]:
        """Estimated parameters that a cell line has, not those of the readings."""
        from pathway.fitting.laboratory.bench import Bench
        from pathway.scenario import built_in_laboratory

        assert self.scenario is not None and self.scenario.fit is not None
        return [u.name for u in Bench(self.scenario, built_in_laboratory(), self.scenario.fit).unknowns]

    def write_cells(self, found: Any, profiles: Any, place: Path) -> list[Path]:
        """The fitted cell lines as files."""
        from pathway.fitting.laboratory.cells import fitted_lines, intervals_of, write_lines
        from pathway.scenario import built_in_laboratory

        assert self.scenario is not None
        texts = fitted_lines(self.scenario, built_in_laboratory(), found.best.parameters, intervals_of(profiles))
        return write_lines(texts, place)


def profile(
    file: _FILE,
    names: Annotated[list[str] | None, typer.Option("--parameter", help="Only this one (repeatable)")] = None,
    level: Annotated[float, typer.Option(help="Confidence", min=0.5, max=0.9999)] = 0.95,
    fitted: _FIT = None,
    settings: _SET = None,
    as_json: _JSON = False,
) -> int:
    """Confidence limits of each parameter from its profile likelihood."""
    from pathway.fitting.uncertainty.profiles import profile as profiles

    from . import DONE

    objective, x = _at_optimum(file, fitted, settings)
    found = profiles(objective, x, names or None, level=level)
    for name, p in found.items():
        if p.better > 0.1:
            console.say(f"the profile of {name} falls {p.better:.3g} below where it began: fit again with more starts")
    if as_json:
        console.print_json(
            {
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
        )
        return DONE
    best = dict(zip(objective.problem.names, objective.problem.from_scale(x), strict=True))
    rows = [
        [name, f"{best[name]:.5g}", f"{p.lower:.5g}", f"{p.upper:.5g}", p.verdict, ", ".join(p.companions)]
        for name, p in found.items()
    ]
    header = ["parameter", "best", f"lower {level:.0%}", f"upper {level:.0%}", "verdict", "moves with"]
    console.print_table(header, rows, numbers=(1, 2, 3))
    return DONE


def sample(
    file: _FILE,
    draws: Annotated[int, typer.Option(help="Draws to keep", min=100)] = 2000,
    seed: Annotated[int, typer.Option(help="Seed")] = 1,
    fitted: _FIT = None,
    out: Annotated[Path | None, typer.Option(help="CSV of the draws, natural units")] = None,
    settings: _SET = None,
    as_json: _JSON = False,
) -> int:
    """Draws from the posterior, with R-hat and effective sample sizes."""
    import numpy as np

    from pathway.fitting.uncertainty.sampling import sample as posterior

    from . import DONE

    objective, x = _at_optimum(file, fitted, settings)
    found = posterior(objective, x, draws, seed)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        np.savetxt(out, found.draws, delimiter=",", header=",".join(found.names), comments="")
    table: dict[str, dict[str, Any]] = {}
    for name in found.names:
        low, high = found.interval(name)
        table[name] = {"low": low, "high": high, "r_hat": found.r_hat[name], "effective": found.effective[name]}
    if not found.converged:
        console.say("R-hat is above 1.05 for some parameters: draw more before relying on the intervals")
    if as_json:
        console.print_json({"parameters": table, "acceptance": found.acceptance, "converged": found.converged})
        return DONE
    rows = [[n, *(f"{v:.4g}" for v in entry.values())] for n, entry in table.items()]
    console.print_table(["parameter", "2.5 %", "97.5 %", "R-hat", "effective"], rows, numbers=(1, 2, 3, 4))
    return DONE


def predict(
    file: _FILE,
    draws: Annotated[Path, typer.Option(help="CSV of parameter draws, as `pathway sample --out` writes it")],
    scenario: Annotated[
        str | None, typer.Option(help="What another scenario would show, instead of the problem's measurements")
    ] = None,
    level: Annotated[float, typer.Option(help="Share of draws inside the band", min=0.5, max=1.0)] = 0.95,
    fitted: _FIT = None,
    settings: _SET = None,
    as_json: _JSON = False,
) -> int:
    """Bands of predictions over draws of the parameters."""
    import numpy as np

    from pathway.fitting.uncertainty.predict import predict as bands

    from . import DONE, BadInput

    objective, x = _at_optimum(file, fitted, settings)
    problem = objective.problem
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
    own = {p.name for p in _Opened(file, settings).problem.estimated}
    unknown = [name for name in problem.names if name not in own]
    if unknown:
        raise BadInput(f"{scenario}: {', '.join(unknown)} was not estimated in {file}: it has other cell lines")
    return problem


def design(
    file: _FILE,
    target: Annotated[str, typer.Option(help="Parameter whose uncertainty should shrink")],
    fitted: _FIT = None,
    at: Annotated[list[str] | None, typer.Option(help="A feasible time, with its unit (repeatable)")] = None,
    arms: Annotated[list[str] | None, typer.Option("--arm", help="A feasible arm, also one not measured yet")] = None,
    observables: Annotated[list[str] | None, typer.Option("--observable", help="Only this one (repeatable)")] = None,
    best: Annotated[int, typer.Option(help="How many to list", min=1)] = 10,
    settings: _SET = None,
    as_json: _JSON = False,
) -> int:
    """Rank possible measurements by what they would tell about a parameter.

    Unless told otherwise: once more what was measured. With --at, --arm or --observable: those times in those arms.
    """
    from pathway.fitting.uncertainty.predict import design as rank

    from . import DONE, BadInput

    objective, x = _at_optimum(file, fitted, settings)
    problem = objective.problem
    if target not in problem.names:
        raise BadInput(f"no estimated parameter is called '{target}'; known: {', '.join(problem.names)}")
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


def _at_optimum(file: str, fitted: Path | None, settings: list[str] | None) -> tuple[Any, Any]:
    """The objective of a problem and the best point of its fit, or its nominal point."""
    import numpy as np

    from pathway.fitting.objective import Objective
    from pathway.fitting.search.result import load_starts

    opened = _Opened(file, settings)
    problem, folder = opened.problem, fitted or opened.folder
    if fitted is not None or (folder / "search.json").is_file():
        if fitted is None:
            console.say(f"from the fit in {folder}")
        return Objective(problem), load_starts(problem, folder).best.x
    console.say(f"no fit in {folder}: from the nominal parameters")
    return Objective(problem), np.clip(problem.to_scale(problem.nominal), *problem.bounds)
