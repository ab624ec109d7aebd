"""`pathway profile`, `sample`, `predict`, `design`: how well the parameters of a fit are known, and what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pathway.numerals import finite_or_none

from . import console
from .asked import aim_of_design, asked_measurement, feasible_measurements
from .cluster import DASK, PROCESSES, dask_client, executor_of
from .problem_file import FILE, FIT, FORCE, JSON, PANEL, SET, OpenedProblem, known_name


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (profile, sample, predict, design):
        app.command(command.__name__, rich_help_panel=PANEL)(command)


def profile(
    file: FILE,
    names: Annotated[
        list[str] | None, typer.Option("--parameter", help="Only this one (repeatable) [default: all]")
    ] = None,
    level: Annotated[float, typer.Option(help="Confidence", min=0.5, max=0.9999)] = 0.95,
    workers: PROCESSES = None,
    dask: DASK = None,
    fitted: FIT = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; default results/NAME_profiles")] = None,
    settings: SET = None,
    force: FORCE = False,
    as_json: JSON = False,
) -> int:
    """Confidence limits of each parameter from its profile likelihood; leaves a report.

    Interrupted or killed, the same command goes on with the profiles that are missing.
    """
    import sys

    from pathway.fitting.uncertainty.profiles import profile as profiles
    from pathway.report import write_report
    from pathway.report.profiles import profile_summary, profiles_report

    from . import DONE

    opened = OpenedProblem(file, settings)
    for name in names or ():
        known_name("estimated parameter", name, opened.problem.names)
    begun = opened.at_optimum(fitted)
    folder = out or opened.beside("profiles")
    with dask_client(dask) as client:
        result = profiles(
            begun.objective, begun.x, names or None, level=level, workers=workers, executor=executor_of(client),
            directory=folder, progress=None if as_json else sys.stderr, force=force,
        )  # fmt: skip
    record = write_report(profiles_report(result, opened.source), folder, console.typed_command(), say=console.say)
    for name, p in result.items():
        if p.better > 0.1:
            console.say(f"the profile of {name} falls {p.better:.3g} below where it began: fit again with more starts")
    if as_json:
        content: dict[str, Any] = {
            name: {
                "lower": p.lower,
                "upper": p.upper,
                "verdict": p.verdict,
                "values": p.values.tolist(),
                "objectives": p.objectives.tolist(),
                "moves_with": p.companions,
            }
            for name, p in result.items()
        }
        console.print_json(content)
        return DONE
    best = dict(zip(opened.problem.names, opened.problem.from_scale(begun.x), strict=True))
    rows = [
        [name, *(console.number_text(v, 4) for v in (best[name], p.lower, p.upper)), p.verdict, ", ".join(p.companions)]
        for name, p in result.items()
    ]
    header = ["parameter", "best", f"lower {level:.0%}", f"upper {level:.0%}", "verdict", "moves with"]
    console.print_table(header, rows, numbers=(1, 2, 3))
    console.print_line(profile_summary(result))
    console.print_report_places(folder, record)
    return DONE


def sample(
    file: FILE,
    draws: Annotated[
        int | None,
        typer.Option(
            help="Draws to keep, of each chain [default: until R-hat and effective numbers are good, 1000 at most]",
            min=100,
            max=1_000_000,
        ),
    ] = None,
    tune: Annotated[int, typer.Option(help="Draws before them, to learn from", min=50, max=1_000_000)] = 100,
    chains: Annotated[int, typer.Option(help="Chains, which are compared with each other", min=2, max=1000)] = 4,
    seed: Annotated[int, typer.Option(help="Seed", min=0)] = 1,
    method: Annotated[str, typer.Option(help="nuts (with slopes), ensemble (without) or auto")] = "auto",
    target_accept: Annotated[
        float, typer.Option(help="nuts: nearer to 1 makes smaller steps, against divergences", min=0.5, max=0.999)
    ] = 0.8,
    workers: PROCESSES = None,
    dask: DASK = None,
    fitted: FIT = None,
    out: Annotated[Path | None, typer.Option(help="Folder of draws and report; default results/NAME_posterior")] = None,
    settings: SET = None,
    force: FORCE = False,
    as_json: JSON = False,
) -> int:
    """Draws from the posterior, with R-hat, effective numbers of draws and divergences; leaves a report.

    Interrupted or killed, the same command goes on where it was.
    """
    import sys

    from pathway.fitting.uncertainty.sampling import SamplingInterrupted, separate_optima
    from pathway.fitting.uncertainty.sampling import sample as posterior
    from pathway.report import write_report
    from pathway.report.posterior import posterior_report, posterior_summary, posterior_table

    from . import DONE, INTERRUPTED, BadInput

    if out is not None and out.suffix == ".csv":
        raise BadInput(f"--out {out}: name a folder; draws.csv is written into it")
    opened = OpenedProblem(file, settings)
    begun = opened.at_optimum(fitted)
    folder = out or opened.beside("posterior")
    ends = begun.x if begun.fit is None else separate_optima(begun.fit, chains)
    try:
        with dask_client(dask) as client:
            result = posterior(
                begun.objective, ends, draws, seed, chains=chains, tune=tune, method=method,
                target_accept=target_accept, workers=workers, executor=executor_of(client), directory=folder,
                progress=sys.stderr, force=force,
            )  # fmt: skip
    except SamplingInterrupted:
        console.say(f"the chains are kept in {folder}: the same command goes on there")
        return INTERRUPTED
    record = write_report(posterior_report(result, opened.source), folder, console.typed_command(), say=console.say)
    for concern in result.concerns:
        console.say(concern)
    header, rows = posterior_table(result)
    if as_json:
        keys = ("parameter", "best", "median", "unit", "low", "high", "r_hat", "effective", "effective_tails")
        table = [
            dict(zip(keys, (finite_or_none(v) if isinstance(v, float) else v for v in row), strict=False))
            for row in rows
        ]
        console.print_json(
            {
                "parameters": {str(entry.pop("parameter")): entry for entry in table},
                "method": result.method,
                "reason": result.reason,
                "chains": result.chains,
                "draws": len(result.draws),
                "divergences": result.divergences,
                "acceptance": result.acceptance,
                "evaluations": result.evaluations,
                "failures": result.failures,
                "converged": result.converged,
                "concerns": result.concerns,
                "folder": str(folder),
            }
        )
        return INTERRUPTED if result.interrupted else DONE
    cells = [
        [str(v) if isinstance(v, str) else f"{v:.4g}" for v in row[:6]]
        + [f"{row[6]:.3f}", *(f"{v:.0f}" for v in row[7:9])]
        for row in rows
    ]
    console.print_table(header[:9], cells, numbers=(1, 2, 4, 5, 6, 7, 8))
    console.print_line(posterior_summary(result))
    console.print_report_places(folder, record)
    return INTERRUPTED if result.interrupted else DONE


def predict(
    file: FILE,
    draws: Annotated[
        Path | None,
        typer.Option(
            help="Folder of 'pathway sample' or 'profile', or a CSV of draws; default: NAME_posterior, NAME_profiles"
        ),
    ] = None,
    intervals: Annotated[
        list[str] | None,
        typer.Option(
            "--interval", help="Instead of bands: profile of 'OBSERVABLE in ARM at TIME' (repeatable) [default: bands]"
        ),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="What another scenario would show [default: the problem's own measurements]")
    ] = None,
    level: Annotated[
        float, typer.Option(help="Share of draws inside the band, or confidence", min=0.5, max=1.0)
    ] = 0.95,
    simultaneous: Annotated[bool, typer.Option("--simultaneous", help="Whole curves inside, not each point")] = False,
    noise: Annotated[bool, typer.Option("--noise", help="Of what would be measured, scatter included")] = False,
    count: Annotated[int, typer.Option(help="So many draws, evenly spaced", min=20, max=100_000)] = 500,
    fitted: FIT = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; default results/NAME_prediction")] = None,
    settings: SET = None,
    force: FORCE = False,
    as_json: JSON = False,
) -> int:
    """Bands of predictions, from a posterior or from profiles; leaves a report.

    From profiles of parameters: the envelope of all sets on them that the data do not refuse. With --interval the
    prediction itself is profiled, which needs no draws and is honest where parameters are not identifiable.
    """
    from pathway.fitting.uncertainty.predict import curve_points
    from pathway.fitting.uncertainty.predict import predict as bands
    from pathway.report import check_output_folder, write_report
    from pathway.report.prediction import PREDICTION, prediction_report

    from . import DONE, BadInput

    opened = OpenedProblem(file, settings)
    if intervals:
        if noise or simultaneous or draws is not None:
            raise BadInput("--interval: profiles need no draws and hold no noise; leave out the other options of bands")
        return _profiled(opened, fitted, intervals, scenario, level, out, force, as_json)
    usual = {"scenario": None, "level": 0.95, "simultaneous": False, "noise": False, "count": 500}
    usual |= {"draws": None, "fit": None}
    asked: dict[str, Any] = {
        "scenario": scenario,
        "level": level,
        "simultaneous": simultaneous,
        "noise": noise,
        "count": count,
    }
    asked |= {"draws": draws and str(draws), "fit": fitted and str(fitted)}
    identity = {"problem": opened.problem.name, **asked, "settings": list(opened.settings)}
    folder = out or opened.beside("prediction", *(f"{k}={v}" for k, v in asked.items() if v != usual[k]))
    problem, best = opened.problem, opened.problem.from_scale(opened.at_optimum(fitted).x)
    table, envelope = _draws(opened, draws, count)
    level = 1.0 if envelope else level
    title = opened.scenario.title if opened.scenario else problem.name
    if scenario is not None:
        problem, title = _prediction(opened, scenario)
        places = [opened.problem.names.index(name) for name in problem.names]
        best, table = best[places], table[:, places]
    if noise and scenario is not None:
        raise BadInput("--noise: how another scenario would be measured is not known; leave one of the two out")
    check_output_folder(folder, PREDICTION, identity, force)
    result = bands(problem, best, table, level=level, simultaneous=simultaneous, noise=noise)
    curves = result
    if scenario is None:
        points = curve_points(problem)
        curves = bands(problem, best, table, points, level, simultaneous=simultaneous, noise=noise)
    report = prediction_report(result, curves, opened.source, identity, title, scenario is None)
    record = write_report(report, folder, console.typed_command(), force, say=console.say)
    rows: list[dict[str, Any]] = [
        {"experiment": m.experiment, "observable": m.observable, "time": m.time}
        | ({"measured": m.value} if scenario is None else {})
        | {"best": float(b), "low": float(low), "high": float(high)}
        for m, b, low, high in zip(result.measurements, result.best, result.low, result.high, strict=True)
    ]
    if result.failed:
        console.say(f"{result.failed} draws could not be simulated")
    if as_json:
        words = {"band": result.words, "level": level, "simultaneous": simultaneous, "noise": noise}
        console.print_json({"predictions": rows, **words, "failed": result.failed, "folder": str(folder)})
        return DONE
    cells = [[v if isinstance(v, str) else console.number_text(v, 5) for v in row.values()] for row in rows]
    console.print_table(list(rows[0]), cells, numbers=range(2, len(rows[0])))
    console.print_line(f"Band: {result.words}.")
    console.print_report_places(folder, record)
    return DONE


def _draws(opened: OpenedProblem, given: Path | None, count: int) -> tuple[Any, bool]:
    """Parameter sets in natural units, evenly spaced among those there are; and whether they are points of profiles."""
    import numpy as np

    from pathway.formats.saved import PROFILES, is_saved, load_profiles
    from pathway.report.posterior import DRAWS

    from . import BadInput

    places = [given] if given is not None else [opened.beside("posterior"), opened.beside("profiles")]
    for place in places:
        if is_saved(place, PROFILES):
            result = load_profiles(place / PROFILES)
            if result.problem.names != opened.problem.names:
                raise BadInput(f"{place}: profiles of {', '.join(result.problem.names)}, not of this problem")
            return result.inside(), True
        csv = place / DRAWS if place.is_dir() else place
        if csv.is_file():
            if given is None:
                console.say(f"from the draws in {place}")
            table = _columns(csv, opened.problem.names)
            return table[np.linspace(0, len(table) - 1, min(count, len(table))).astype(int)], False
    where = " or ".join(map(str, places))
    raise BadInput(
        f"{where}: no draws are here; run 'pathway sample' or 'pathway profile' first, or name them by --draws"
    )


def _columns(file: Path, names: tuple[str, ...]) -> Any:
    """The columns of these names, shape (n_draws, n_names)."""
    import csv

    import numpy as np

    from . import BadInput

    with open(file, newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    header = rows[0] if rows else []
    missing = [name for name in names if name not in header]
    if missing:
        raise BadInput(f"{file}:1: there is no column {', '.join(missing)}; it has {', '.join(header)}")
    try:
        return np.array([[float(row[header.index(name)]) for name in names] for row in rows[1:]]).reshape(
            -1, len(names)
        )
    except (ValueError, IndexError) as mistake:
        raise BadInput(f"{file}: {mistake}") from None


def _profiled(
    opened: OpenedProblem,
    fitted: Path | None,
    targets: list[str],
    scenario: str | None,
    level: float,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Intervals of single predictions by their profiles."""
    from pathway.fitting.uncertainty.prediction_profile import profile_prediction
    from pathway.report import check_output_folder, write_report
    from pathway.report.prediction import PREDICTION_PROFILES, prediction_profiles_report

    from . import DONE, BadInput

    if not 0.5 <= level < 1.0:
        raise BadInput(f"--level {level:g}: the confidence of a profile lies below 1")
    given = {"scenario": scenario, "fit": fitted and str(fitted)}
    asked_for = {"intervals": targets, "level": level, **given, "settings": list(opened.settings)}
    identity = {"problem": opened.problem.name, **asked_for}
    folder = out or opened.beside("prediction_profiles", *(f"{k}={v}" for k, v in given.items() if v))
    begun = opened.at_optimum(fitted)
    problem = _prediction(opened, scenario)[0] if scenario else opened.problem
    asked = {text: asked_measurement(problem, text, "--interval") for text in targets}
    check_output_folder(folder, PREDICTION_PROFILES, identity, force)
    result = {text: profile_prediction(begun.objective, begun.x, m, problem, level=level) for text, m in asked.items()}
    report = prediction_profiles_report(result, problem, level, opened.source, identity, opened.problem)
    record = write_report(report, folder, console.typed_command(), force, say=console.say)
    units = {o.name: o.unit or "unit of the data" for o in problem.observables}
    if as_json:
        keys = ("best", "lower", "upper", "verdict")
        words = {
            text: {k: getattr(p, k) for k in keys}
            | {"unit": units[p.measurement.observable], "read_on": p.measurement.replicate}
            for text, p in result.items()
        }
        console.print_json({"level": level, "predictions": words, "folder": str(folder)})
        return DONE
    rows = [
        [
            text,
            p.measurement.replicate,
            units[p.measurement.observable],
            *(console.number_text(v, 4) for v in (p.best, p.lower, p.upper)),
            p.verdict,
        ]
        for text, p in result.items()
    ]
    header = ["prediction", "read on", "unit", "best", f"lower {level:.0%}", f"upper {level:.0%}", "verdict"]
    console.print_table(header, rows, numbers=(3, 4, 5))
    console.print_report_places(folder, record)
    return DONE


def _prediction(opened: OpenedProblem, scenario: str) -> tuple[Any, str]:
    """Another scenario over the parameters of a fit, which may only ask for what the fit has found; and its title."""
    from pathway.fitting.laboratory.scenario_problem import prediction_problem
    from pathway.scenario import read_scenario

    from . import BadInput

    if opened.scenario is None:
        raise BadInput(
            f"{opened.file}: --scenario needs a fit of a scenario; a PEtab problem knows no other experiments"
        )
    other = read_scenario(scenario)
    problem = prediction_problem(opened.scenario, other)
    unknown = [name for name in problem.names if name not in opened.problem.names]
    if unknown:
        raise BadInput(f"{scenario}: {', '.join(unknown)} was not estimated in {opened.file}: it has other cell lines")
    return problem, other.title


def design(
    file: FILE,
    target: Annotated[
        str, typer.Option(help="What should become more certain: a parameter, or 'OBSERVABLE in ARM at TIME'")
    ],
    fitted: FIT = None,
    at: Annotated[
        list[str] | None, typer.Option(help="A feasible time, with its unit (repeatable) [default: those measured]")
    ] = None,
    arms: Annotated[
        list[str] | None,
        typer.Option("--arm", help="A feasible arm, measured or not [default: those measured]"),
    ] = None,
    observables: Annotated[
        list[str] | None, typer.Option("--observable", help="Only this one (repeatable) [default: all]")
    ] = None,
    best: Annotated[int, typer.Option(help="How many to list", min=1)] = 10,
    settings: SET = None,
    as_json: JSON = False,
) -> int:
    """Rank possible measurements by what they would tell about a parameter or a prediction.

    Unless told otherwise: once more what was measured. With --at, --arm or --observable: those times in those arms; a
    feasible dose is an arm that nobody has measured yet.
    """
    from pathway.fitting.uncertainty.predict import design as rank

    from . import DONE

    opened = OpenedProblem(file, settings)
    problem = opened.problem
    aim = aim_of_design(problem, target)
    feasible = feasible_measurements(problem, at, arms, observables)
    result = rank(problem, opened.at_optimum(fitted).x, feasible, aim)[:best]
    unit = _unit_of(problem, aim)
    rows = [
        {"experiment": s.measurement.experiment, "observable": s.measurement.observable, "time": s.measurement.time}
        | {"before": s.before, "after": s.after, "gain": s.gain, "beside": s.measurement.replicate}
        for s in result
    ]
    if as_json:
        console.print_json({"target": target, "unit": unit, "suggestions": rows})
        return DONE
    cells = [[str(v) if isinstance(v, str) else f"{v:.4g}" for v in list(row.values())[:5]] for row in rows]
    cells = [[*cell, f"{row['gain']:.1%}", str(row["beside"])] for cell, row in zip(cells, rows, strict=True)]
    header = [
        "experiment",
        "observable",
        f"time [{problem.model.time_unit or '1'}]",
        "sd before",
        "sd after",
        "shrinks by",
        "beside",
    ]
    console.print_table(header, cells, numbers=(2, 3, 4, 5))
    console.print_line(
        f"sd: standard deviation of {target} [{unit}], by linear theory at the fit; one replicate each, on the gel or "
        "plate that stands under 'beside'."
    )
    return DONE


def _unit_of(problem: Any, aim: Any) -> str:
    """The unit in which the standard deviation of a target is given."""
    if not isinstance(aim, str):
        return next(o.unit for o in problem.observables if o.name == aim.observable) or "unit of the data"
    p = problem.estimated[problem.names.index(aim)]
    return {"linear": p.unit or "1", "log10": "powers of ten", "log": "natural logarithm"}[p.scale]
