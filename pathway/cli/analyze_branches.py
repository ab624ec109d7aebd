"""What `pathway bifurcation` puts together: branches, folds in a second parameter, a search for second states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import console


def branches(
    scenario: Any, laboratory: Any, options: Mapping[str, Any], progress: console.Progress
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], Callable[[], None]]:
    """JSON form, tables, figures, and how to show it."""
    from pathway.analysis.continuation import fold_curve
    from pathway.analysis.dishes import checked_readouts, without
    from pathway.analysis.draws import from_ranges
    from pathway.analysis.memory import drive_branch, hysteresis, search
    from pathway.analysis.mistakes import AnalysisError, unknown
    from pathway.plotting.branch_figure import plot_branches
    from pathway.scenario.run import dishes

    o = options
    known = [arm.name for arm in scenario.arms]
    if o["arm"] and o["arm"] not in known:
        raise unknown("arm", o["arm"], known)
    arm = scenario.arm(o["arm"]) if o["arm"] else scenario.arms[0]
    if not o["low"] < o["high"]:
        raise AnalysisError(f"the range from {o['low']:g} to {o['high']:g} must rise; give --low and --high")
    readings = checked_readouts(laboratory, o["readings"])
    (dish,) = dishes(scenario, [without(arm, arm.doses)], laboratory)
    name, low, high = o["parameter"], float(o["low"]), float(o["high"])
    conditions: list[tuple[str, dict[str, float]]] = [("untreated", {})]
    for dose in scenario.growth_of:
        agent, amount = laboratory.agents[scenario.doses[dose].agent], scenario.doses[dose].amount
        if agent.species and amount:
            conditions.append((f"with {agent.name} {amount:.3g} {agent.unit}", {agent.species: amount}))
    drawn, content = [], []
    curves: list[dict[str, Any]] = []
    for label, held in conditions:
        resting, branch = drive_branch(laboratory, dish.parameters, dish.state, name, low, high, held)
        values = resting.names(branch.states, branch.values)
        drawn.append((label, branch, {reading: values[reading] for reading in readings}))
        content.append(
            {
                "condition": label,
                "values": branch.values.tolist(),
                "stable": branch.stable.tolist(),
                "readings": {reading: values[reading].tolist() for reading in readings},
                "special": [{"kind": p.kind, "value": p.value, "frequency": p.frequency} for p in branch.special],
                "ended": branch.ended,
            }
        )
        if o["against"]:
            for fold in branch.folds()[:1]:
                line = fold_curve(
                    resting.system, fold, o["against"], float(o["against_low"]), float(o["against_high"]), (low, high)
                )
                curves.append({"condition": label, name: line.of(name).tolist(), o["against"]: line.values.tolist()})
    import numpy as np

    swept = (
        hysteresis(laboratory, dish.parameters, dish.state, np.linspace(low, high, 9), readings, name)
        if name in laboratory.model.parameters
        else None
    )
    searches = []
    if o["draws"]:
        folder = scenario.file.parent
        draws = from_ranges(laboratory, (arm.cells,), folder, int(o["draws"]), int(o["seed"]), progress)
        rows = draws.of_line(arm.cells, folder)
        searches = [search(laboratory, rows, held=held, condition=label) for label, held in conditions]
    text = _said(name, low, high, drawn, swept, searches)
    found = {
        "scenario": scenario.name,
        "cells": arm.cells,
        "parameter": name,
        "units": {n: laboratory.units.get(n) or laboratory.parameters.get(n, "1") for n in (name, *readings)},
        "branches": content,
        "fold_curves": curves,
        "hysteresis_gap": None if swept is None else {r: swept.gap(r) for r in readings},
        "second_states": [s.to_dict() for s in searches],
        "conclusion": text,
    }
    usual = (
        float(dish.parameters[laboratory.model.parameter_index(name)]) if name in laboratory.model.parameters else None
    )
    figure = plot_branches(drawn, readings, found["units"], f"Steady states of {arm.cells} over {name}", text, usual)
    header = [
        "condition",
        f"{name} [{found['units'][name]}]",
        "stable",
        *(f"{r} [{found['units'][r]}]" for r in readings),
    ]
    table = [
        [label, float(branch.values[k]), int(branch.stable[k]), *(float(values[r][k]) for r in readings)]
        for label, branch, values in drawn
        for k in range(len(branch.values))
    ]
    return found, {"bifurcation": (header, table)}, {"figure": figure}, lambda: console.print_line(text)


def _said(name: str, low: float, high: float, drawn: Any, swept: Any, searches: Any) -> str:
    """The finding in sentences."""
    special = [(label, p) for label, branch, _ in drawn for p in branch.special]
    text = f"From {name} {low:g} to {high:g}: "
    if special:
        text += "; ".join(f"{p.kind} at {p.value:.6g} ({label})" for label, p in special) + "."
    else:
        text += "one stable steady state throughout, no fold and no Hopf point."
    if swept is not None:
        gap = max(swept.gap(r) for r in swept.up)
        text += f" Raised and lowered step by step over time, up and down differ by at most {100 * gap:.2g} %."
    for s in searches:
        condition = s.condition[0].upper() + s.condition[1:]
        text += f" {condition}: {len(s.bistable)} of {s.members} parameter sets from the"
        text += (
            f" plausible ranges have a second stable state (at most {100 * s.upper_bound:.2g} % with 95 % confidence)."
        )
        loops = {loop: n for loop, n in s.loops.items() if n}
        if loops:
            text += " It is lost when a loop is cut: " + ", ".join(f"{loop} in {n}" for loop, n in loops.items()) + "."
    return text
