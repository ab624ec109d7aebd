"""What is wrong between the table `[fit]` and the measurements."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pathway.errors import did_you_mean

from . import schema
from .experiment import Arm, FitObservable, MeasurementTable, Scenario
from .fit_plan import list_or_empty, observable_and_file, observable_choice, table_or_empty
from .laboratory import Laboratory
from .measurement_files import read_files, table_context
from .measurements import Measurement, normalized_points, scale_group
from .mistakes import Mistake, ScenarioError, quoted_list
from .structure import Path

LOGARITHMIC = ("log-normal", "log-laplace")
WITH_ERRORS = ("given", "scaled", "added")


def data_mistakes(scenario: Scenario, fit: Any, laboratory: Laboratory) -> tuple[list[Mistake], list[tuple[Path, str]]]:
    """Rows of the measurements without use, and what `[fit]` says against them (path and text).

    Parameters
    ----------
    scenario : Scenario
        Without its `[fit]`, which may be wrong.
    fit : object
        That table as the file has it.
    laboratory : Laboratory
    """
    if not scenario.overlays:
        return [], []
    bench = replace(table_context(scenario, laboratory), units_needed=True)
    points, mistakes = read_files(scenario.overlays, bench)
    held = list_or_empty(fit.get("hold_out") if isinstance(fit, dict) else None)
    choices = _readable(table_or_empty(fit.get("observable") if isinstance(fit, dict) else None))
    if not mistakes:
        try:
            points = normalized_points(points, scenario.overlays, bench.arms)
            mistakes += _value_mistakes(points, scenario.overlays, choices)
            mistakes += _group_mistakes(points, scenario.overlays, choices, bench.arms, held)
        except ScenarioError as error:
            mistakes += error.mistakes
    complaints = list(_observable_mistakes(points, scenario.overlays, choices, laboratory.units))
    if points and all(p.arm in held for p in points):
        complaints.append((("fit", "hold_out"), "every measured arm is held out; nothing is left to fit"))
    return mistakes, complaints


def _readable(tables: Mapping[str, Any]) -> dict[str, FitObservable]:
    """The tables of observables that have the right shape."""
    choices = {}
    for key, table in tables.items():
        try:
            choices[key] = observable_choice(schema.FitObservable.model_validate(table))
        except ValueError:
            continue
    return choices


def observable_choice_for(
    point: Measurement, overlays: Sequence[MeasurementTable], choices: Mapping[str, FitObservable]
) -> FitObservable:
    """What `[fit]` says of the observable of a point, what it leaves open decided by the file and the point."""
    overlay = overlays[point.table]
    choice = choices.get(f"{point.observable} in {overlay.file.stem}", choices.get(point.observable, FitObservable()))
    usual = "log-normal" if point.kind == "cycles" else "normal"
    return replace(choice, scale=_usual_scale(choice, point, overlay), distribution=choice.distribution or usual)


def _usual_scale(choice: FitObservable, point: Measurement, overlay: MeasurementTable) -> str | float:
    if choice.scale is not None:
        return choice.scale
    if overlay.axis == "minmax":
        return "normalized"
    return "none" if point.kind == "absolute" and not overlay.axis else "free"


def _observable_mistakes(
    points: Sequence[Measurement],
    overlays: Sequence[MeasurementTable],
    choices: Mapping[str, FitObservable],
    known: Container[str],
) -> Iterator[tuple[Path, str]]:
    measured = {(p.observable, overlays[p.table].file.stem) for p in points}
    names = dict.fromkeys(name for name, _ in measured)
    for key, choice in choices.items():
        path: Path = ("fit", "observable", key)
        observable, file = observable_and_file(key)
        own = [p for p in points if p.observable == observable and file in ("", overlays[p.table].file.stem)]
        unknown_file = file and file not in (overlay.file.stem for overlay in overlays)
        if not own and (unknown_file or observable not in known):
            continue  # told where the table is checked
        if not own:
            where = f" in {file}" if file else ""
            near = did_you_mean(observable, names)
            yield path, f"{observable} is never measured{where}.{near} Measured: {quoted_list(names)}"
            continue
        axis = all(overlays[p.table].axis for p in own)
        if choice.scale == "normalized" and not axis:
            yield path, 'scale = "normalized" needs normalize = "minmax" or "lane: ARM TIME" in [data]'
        if choice.scale == "normalized" and choice.noise in ("proportional", "combined"):
            yield (
                path,
                f'noise = "{choice.noise}" goes with the model\'s value, which scale = "normalized" shifts',
            )
        if choice.scale == "normalized" and choice.offset == "free":
            yield path, 'offset = "free" does nothing where scale = "normalized" takes the zero from the curve'
        if isinstance(choice.noise, float | int) and choice.noise <= 0.0:
            yield path, f"noise = {choice.noise:g} must be more than zero"
        if isinstance(choice.scale, float | int) and choice.scale <= 0.0:
            yield path, f"scale = {choice.scale:g} must be more than zero"


def _value_mistakes(
    points: Sequence[Measurement], overlays: Sequence[MeasurementTable], choices: Mapping[str, FitObservable]
) -> Iterator[Mistake]:
    for point in points:
        choice = observable_choice_for(point, overlays, choices)
        if choice.distribution in LOGARITHMIC and point.value <= 0.0:
            text = f"{point.observable} is {point.value:g}, but {choice.distribution} noise needs values above zero"
            yield Mistake(point.place, text, point.line)
        if choice.noise in WITH_ERRORS and not point.error:
            text = f'{point.observable} has no error, which noise = "{choice.noise}" needs'
            yield Mistake(point.place, text, point.line)


def _group_mistakes(
    points: Sequence[Measurement],
    overlays: Sequence[MeasurementTable],
    choices: Mapping[str, FitObservable],
    arms: Mapping[str, Arm],
    held: Container[str],
) -> Iterator[Mistake]:
    """Points that say nothing: limits alone, or a single moment whose free scale can make anything of it."""
    groups: dict[tuple[str, int, str], list[Measurement]] = {}
    for p in points:
        free = observable_choice_for(p, overlays, choices).scale == "free"
        name = scale_group(p, overlays[p.table], arms) if free else "any"
        groups.setdefault((p.observable, p.table, name), []).append(p)
    for (observable, table, name), group in groups.items():
        counted = [p for p in group if p.arm not in held]
        choice = observable_choice_for(group[0], overlays, choices)
        free, scatter_known = choice.scale == "free", isinstance(choice.noise, float | int)
        where = f"{observable} on {overlays[table].scale_shared_by or 'gel'} {name}" if free and name else observable
        if counted and not any(p.measured for p in counted) and not (scatter_known and not free):
            text = f"{where}: every point is a limit; at least one must be a value"
            yield Mistake(counted[0].place, text, counted[0].line)
        elif counted and free and len({(p.arm, p.time) for p in group}) == 1:
            text = f"{where}: a single arm and time with a free scale of its own says nothing; add others to it"
            yield Mistake(counted[0].place, text, counted[0].line)
