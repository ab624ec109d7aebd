"""What a run comes to, in sentences and tables: for the terminal and for a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pathway.notebook import Display
from pathway.numerals import number_text, without_noise
from pathway.scenario.plain_words import (
    band_in_words,
    caveats,
    ensemble_words,
    headline_sentences,
    median_with_interval,
    percent_text,
    verdict_interval_text,
)
from pathway.scenario.result import ArmResult, Result


def show_summary(result: Result, out: Display) -> None:
    """Plain words first; then arms with growth and the shown observables, the same over the ensemble, expectations, and
    what has to be known beside them."""
    scenario = result.scenario
    out.print_line(scenario.title, style="bold")
    for sentence in headline_sentences(result):
        out.print_line(sentence)
    shown = [name for name in scenario.observables if name != "cell_number"]
    growing = any(arm.growth for arm in result.arms.values())
    compared = ["GR", "control", "% of control", "% of untreated"] if growing else []
    header = ["arm", *compared, "cells, fold", *(_ending(n, result) for n in shown)]
    largest = {n: max(float(np.abs(arm.courses[n]).max()) for arm in result.arms.values()) for n in shown}
    rows = []
    for name, arm in result.arms.items():
        growth = _compared(arm)
        courses = [number_text(without_noise(float(arm.courses[n][-1]), largest[n])) for n in shown]
        rows.append([name, *(growth if growing else []), number_text(arm.fold), *courses])
    out.print_table(header, rows, numbers=[k for k, name in enumerate(header) if k and name != "control"])
    if growing:
        legend = "GR: 1 grows as its control, 0 is arrested, - where the question does not apply."
        out.print_line(f"{legend} Values at the end of the experiment.")
    if result.ensemble:
        show_intervals(result, out)
    show_verdicts([verdict.to_dict() for verdict in result.verdicts], out)
    for caveat in caveats(result):
        out.print_line(f"Beside it: {caveat}")


def show_intervals(result: Result, out: Display) -> None:
    """Of each arm the chosen number, and median and 90 % of the ensemble."""
    growing = any(arm.growth for arm in result.arms.values())
    quantities = ("GR", "percent_of_untreated") if growing else ("cell_number_fold",)
    words = {"GR": "GR", "percent_of_untreated": "% of untreated", "cell_number_fold": "cells, fold"}
    rows = [[name, *(median_with_interval(result.interval(name, q)) for q in quantities)] for name in result.arms]
    out.print_line(f"Median (middle 90 %) of {ensemble_words(result)}:")
    out.print_table(["arm", *(words[q] for q in quantities)], rows, numbers=range(1, len(quantities) + 1))


def _compared(arm: ArmResult) -> list[str]:
    """GR, what it compares with, and cells in percent of that and of untreated cells."""
    growth, share = arm.growth, arm.percent_of_untreated
    known = [number_text(growth.gr, 2) or "-", growth.control, f"{growth.percent_of_control:.0f}"] if growth else []
    return [*(known or ["-", "-", "-"]), "-" if share is None else f"{share:.0f}"]


def _ending(name: str, result: Result) -> str:
    unit = result.units[name]
    return name if unit == "1" else f"{name} [{unit}]"


def show_verdicts(entries: Sequence[Mapping[str, Any]], out: Display) -> None:
    """One line for each expectation: met or missed, the value, the band, the claim."""
    if not entries:
        return
    rows: list[list[str]] = []
    over = any(entry.get("share_of_ensemble") is not None for entry in entries)
    for entry in entries:
        verdict = "met" if entry["met"] else "missed"
        claim = entry["claim"] if entry["met"] or not entry["reason"] else f"{entry['claim']} ({entry['reason']})"
        value = number_text(entry["value"]) or "-"
        rows.append([verdict, entry["finding"] or "", entry["role"], value])
        rows[-1] += [verdict_interval_text(entry)] if over else []
        rows[-1] += [band_in_words(entry["above"], entry["below"])]
        rows[-1] += [percent_text(entry["share_of_ensemble"])] if over else []
        rows[-1] += [claim]
    header = ["verdict", "finding", "role", "value", *(["median (90 %)"] if over else []), "expected"]
    header += [*(["of ensemble"] if over else []), "claim"]
    numbers = [k for k, name in enumerate(header) if name in ("value", "median (90 %)", "of ensemble")]
    out.print_table(header, rows, numbers=numbers)
    met = sum(entry["met"] for entry in entries)
    out.print_line(f"{met} of {len(entries)} expectations met", style="green" if met == len(entries) else "yellow")
