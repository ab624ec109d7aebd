"""What the page needs to read a user's own measurements, to weigh members by them, and to say what to measure next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pathway.fitting.laboratory.reweighting import FEWEST, SURVIVING
from pathway.planning.assays import Assay, PlanError, select_assays
from pathway.planning.designs import harvest_times
from pathway.planning.next_measurement import FEWEST as FEWEST_RANKED
from pathway.planning.next_measurement import REPLICATES
from pathway.planning.ranking import candidate_questions
from pathway.scenario import measurement_files as files
from pathway.scenario.experiment import Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.units import UnitError, conversion_factor

HOURS = ("s", "sec", "min", "h", "hr", "hour", "hours", "d", "day", "days", "week", "weeks")
CONCENTRATIONS = ("pM", "nM", "uM", "mM", "M", "pg/mL", "ng/mL", "ug/mL", "mg/mL", "g/L", "mg/L", "ug/L")
UNITS = (*CONCENTRATIONS, "1", "molecules", "1/s", "1/min", "1/h", "1/d")
"""Units that a file may give times, concentrations and values in."""


def measurable_quantities() -> list[str]:
    """What the assays of a bench measure."""
    return list(dict.fromkeys(name for assay in select_assays(()) for name in assay.measures))


def weighing_facts(scenario: Scenario, names: Sequence[str]) -> dict[str, Any]:
    """Assays, what they can measure in the scenario, and how few members are too few."""
    assays = select_assays(())
    return {
        "fewest": FEWEST,
        "fewest_ranked": FEWEST_RANKED,
        "surviving": SURVIVING,
        "replicates": REPLICATES,
        "assays": {a.name: {"noise": a.noise.value, "range": a.range.value, "measures": a.measures} for a in assays},
        "candidates": list(_candidates(scenario, assays, names)),
    }


def _candidates(scenario: Scenario, assays: Sequence[Assay], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    bare = replace(scenario, expectations=(), overlays=(), fit=None)
    try:
        questions = candidate_questions(bare, assays)
    except PlanError:
        return
    for question in questions:
        if question.quantity == "GR" or question.quantity in names:
            times = harvest_times(question, bare, ())
            yield {"quantity": question.quantity, "arms": question.arms, "times": times}


def table_facts(laboratory: Laboratory) -> dict[str, Any]:
    """Columns, words and units of a file of measurements."""
    return {
        "required": files.REQUIRED,
        "columns": files.COLUMNS,
        "lane": files.LANE,
        "counts": files.COUNTS,
        "count_columns": files.COUNT_COLUMNS,
        "texts": files.TEXTS,
        "error_kinds": files.ERROR_KINDS,
        "yes": files.YES,
        "no": files.NO,
        "not_measured": files.NOT_MEASURED,
        "arbitrary": files.ARBITRARY,
        "cycles": files.CYCLES,
        "hours": conversion_factors(HOURS, "h"),
        "units": {unit: conversion_factors(UNITS, unit) for unit in sorted(set(laboratory.units.values()))},
        "micromolar": conversion_factors(CONCENTRATIONS, "uM"),
    }


def conversion_factors(units: Iterable[str], wanted: str, molar_mass: float | None = None) -> Mapping[str, float]:
    """The factor from each unit to another, of those that are of its kind."""
    made = {wanted: 1.0}
    for unit in units:
        try:
            made[unit] = conversion_factor(unit, wanted, molar_mass)
        except UnitError:
            continue
    return made
