"""A scenario as the page needs it: arms, doses, cells, readings, map, and members of an ensemble, as plain facts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway import parameters
from pathway.equations import Model
from pathway.expressions import symbols, to_text
from pathway.network import circuit
from pathway.scenario import quantities
from pathway.scenario.arms import KNOCK_DOWN_PRECISION
from pathway.scenario.ensembles import PRIOR, parameter_sets_asked_for
from pathway.scenario.expectations import expectation_times, readings
from pathway.scenario.experiment import Arm, Reading, Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.measurement_files import read_measurements
from pathway.scenario.measurements import parse_lane, scale_group
from pathway.scenario.run import RELATIVE_TOLERANCE
from pathway.scenario.sampled_cell_lines import ParameterSets, SampledCellLines, parameter_sets_from_ranges
from pathway.units import UnitError, conversion_factor, parse_quantity

from .module import ExplorerError
from .weighing import CONCENTRATIONS, conversion_factors, measurable_quantities, table_facts, weighing_facts

SEED = 1

KNOBS: tuple[tuple[str, str], ...] = (
    ("faster_decay_PTEN", "miR-21 on PTEN"),
    ("miR21_extra_transcription", "miR-21 drive of resistant cells"),
    ("residual_signalling", "signal left under trastuzumab"),
    ("K_growth", "pAKT for half of growth"),
)
"""Parameters with a slider of their own, which scales the number of every cell line; and what the page calls them."""

UNMEASURED = ("faster_decay_PTEN",)
"""Of them those that nothing has measured in these cells, whatever their number was chosen by."""

COURSES = ("PTEN", "pAKT", "miR21_free", "p27", "growth", "cell_number")


def quantities_of(scenario: Scenario, laboratory: Laboratory, more: Iterable[str] = ()) -> list[str]:
    """Everything that the page reads off a run; `more` are those that a lesson asks for."""
    network = circuit()
    asked = [name for reading in readings(scenario.expectations) for name in (reading.quantity, reading.partner)]
    asked += more
    every = [s for s in laboratory.model.species if s not in laboratory.model.outputs]
    names = [laboratory.cell_count, *scenario.observables, *COURSES]
    names += [k.observable for k in laboratory.knock_downs.values() if k.observable]
    names += [node.quantity for node in network.map_nodes]
    names += [reaction for edge in network.map_edges for reaction in edge.reactions]
    names += [name for name in asked if name in laboratory.units]
    names += [point.observable for point in read_measurements(scenario, laboratory)]
    names += measurable_quantities()
    if "every species" in asked or any(reading.reduce == "drift" for reading in readings(scenario.expectations)):
        names += every
    known = {
        *laboratory.model.species,
        *laboratory.model.assignments,
        *laboratory.model.observables,
        *laboratory.model.rates,
    }
    return [name for name in dict.fromkeys(names) if name in known]


def facts_of(scenario: Scenario, laboratory: Laboratory, names: list[str]) -> dict[str, Any]:
    """The scenario, the laboratory and the map."""
    model, folder = laboratory.model, scenario.file.parent
    index = {name: k for k, name in enumerate(model.species)}
    lines = dict.fromkeys([*(arm.cells for arm in scenario.arms), *laboratory.cell_lines])
    return {
        "lines": {name: laboratory.parameters_of(name, folder).tolist() for name in lines},
        "line_titles": {name: _title(name, laboratory, scenario) for name in lines},
        "agents": {n: _agent(a, index) for n, a in laboratory.agents.items()},
        "washed_out": [index[name] for name in laboratory.washed_out],
        "knock_downs": {
            name: {
                "parameter": model.parameter_index(k.parameter) if k.parameter else None,
                "observable": names.index(k.observable) if k.observable else None,
                "scaled": [["s", index[n]] if n in index else ["p", model.parameter_index(n)] for n in k.scaled],
            }
            for name, k in laboratory.knock_downs.items()
        },
        "KNOCK_DOWN_PRECISION": KNOCK_DOWN_PRECISION,
        "RELATIVE_TOLERANCE": RELATIVE_TOLERANCE,
        "cell_count": laboratory.cell_count,
        "units": {name: laboratory.units.get(name, "") for name in names},
        "readable": dict(laboratory.units),
        "table": table_facts(laboratory),
        "weighing": weighing_facts(scenario, names),
        "loops": {
            loop.name: {"switched_off": dict(loop.switched_off), "says": loop.meaning}
            for loop in circuit().loops
            if set(loop.switched_off) <= set(model.parameters)
        },
        "knobs": [_knob(name, label, laboratory, scenario) for name, label in KNOBS if name in model.parameters],
        "parameter_units": {name: laboratory.parameters[name] for name in model.parameters},
        "map": _map(names),
        **_equations(model, names),
        "scenario": _scenario(scenario, laboratory),
        "document": _plain(scenario.document),
    }


def _title(name: str, laboratory: Laboratory, scenario: Scenario) -> str:
    line = laboratory.line_of(name, scenario.file.parent) if laboratory.line_of else None
    return line.title if line and line.title else name


def _agent(agent: Any, index: Mapping[str, int]) -> dict[str, Any]:
    return {
        "species": index[agent.species] if agent.species else None,
        "unit": agent.unit,
        "highest": agent.highest,
        **_molarity(agent),
    }


def _molarity(agent: Any) -> dict[str, Any]:
    """Factors between uM and what a file may give, and from uM to the agent's own unit."""
    try:
        own = conversion_factor("uM", agent.unit, agent.molar_mass)
    except UnitError:
        return {}
    return {"micromolar": conversion_factors(CONCENTRATIONS, "uM", agent.molar_mass), "per_micromolar": own}


def _knob(name: str, label: str, laboratory: Laboratory, scenario: Scenario) -> dict[str, Any]:
    entry = parameters.reference_entries()[name]
    return {
        "parameter": name,
        "label": label,
        "unit": entry.unit,
        "range": entry.range,
        "confidence": entry.confidence,
        "source": entry.source,
        "prior": name in UNMEASURED,
    }


def _map(names: list[str]) -> dict[str, Any]:
    network = circuit()
    loops = {tuple(loop.switched_off): loop.name for loop in network.loops}
    edges = [
        {
            "start": e.start,
            "end": e.end,
            "sign": e.sign,
            "corners": e.corners,
            "loop": _loop_of(e, loops),
            "reactions": [name for name in e.reactions if name in names],
        }
        for e in network.map_edges
    ]
    nodes = [{"name": n.name, "x": n.x, "y": n.y, "label": n.label, "quantity": n.quantity} for n in network.map_nodes]
    return {"nodes": [n for n in nodes if n["quantity"] in names], "edges": edges}


def _equations(model: Model, names: list[str]) -> dict[str, Any]:
    """What the boxes and arrows of the map follow from, as text, and where the parameters in it come from."""
    network, known = circuit(), {**model.assignments, **model.observables, **model.rates}
    shown = {*(node.quantity for node in network.map_nodes), *(r for e in network.map_edges for r in e.reactions)}
    formulas = {name: known[name] for name in sorted(shown & known.keys()) if name in names}
    used = {name: sorted(symbols(formula) & set(model.parameters)) for name, formula in formulas.items()}
    entries = parameters.reference_entries()
    noted = sorted({one for some in used.values() for one in some if one in entries})
    return {
        "formulas": {name: to_text(formula) for name, formula in formulas.items()},
        "formula_parameters": used,
        "parameter_notes": {name: [entries[name].confidence, entries[name].source] for name in noted},
    }


_EDGE_LOOPS = {
    ("SRC", "PTEN"): "k_PTEN_phosphorylation",
    ("S6K", "mTORC2"): "S6K_mTORC2_feedback",
    ("S6K", "IRS1"): "S6K_feedback",
    ("AKT", "INF"): "AKT_to_inflammation",
    ("PDCD4", "AP1"): "PDCD4_AP1_inhibition",
    ("NFIB", "miR21"): "NFIB_repression",
    ("FOXO", "HER3"): "FOXO_HER3_induction",
}
"""Arrows that can be switched off by themselves, and the parameter that carries each."""


def _loop_of(edge: Any, loops: Mapping[tuple[str, ...], str]) -> str | None:
    return loops.get((_EDGE_LOOPS.get((edge.start, edge.end), ""),))


def _scenario(scenario: Scenario, laboratory: Laboratory) -> dict[str, Any]:
    points = read_measurements(scenario, laboratory)
    arms = {arm.name: arm for arm in scenario.arms}
    axes = [
        {"lane": parse_lane(o.axis, arms)} if o.axis.startswith("lane:") else o.axis or None for o in scenario.overlays
    ]
    return {
        "name": scenario.name,
        "title": scenario.title,
        "caveats": scenario.caveats,
        "start": scenario.start,
        "end": scenario.end,
        "record_every": scenario.record_every,
        "growth_of": scenario.growth_of,
        "growth_at": scenario.growth_at,
        "growth_until": scenario.growth_until,
        "observables": scenario.observables,
        "named_times": sorted(set(expectation_times(scenario))),
        "doses": {
            d.name: {
                "agent": d.agent,
                "amount": d.amount,
                "times": d.times,
                **_dose_unit(d, laboratory),
            }
            for d in scenario.doses.values()
        },
        "arms": [_arm(arm, laboratory) for arm in scenario.arms],
        "expectations": [
            {
                "claim": e.claim,
                "role": e.role,
                "headline": e.headline,
                "reason": e.reason,
                "above": e.above,
                "below": e.below,
                "reading": reading_facts(e.reading),
            }
            for e in scenario.expectations
        ],
        "measured": {
            "axes": axes,
            "points": [
                {
                    "arm": p.arm,
                    "observable": p.observable,
                    "time": p.time,
                    "value": p.value,
                    "kind": p.kind,
                    "measured": p.measured,
                    "fold_of_start": p.fold_of_start,
                    "table": p.table,
                    "group": scale_group(p, scenario.overlays[p.table], arms),
                }
                for p in points
            ],
        },
    }


def _dose_unit(dose: Any, laboratory: Laboratory) -> dict[str, Any]:
    """The unit that the file gives the dose in, and how many of the species' units one of them is."""
    agent = laboratory.agents[dose.agent]
    if dose.amount is None or quantities.is_multiple(dose.written):
        return {"unit": agent.unit, "per_unit": 1.0}
    _, unit = parse_quantity(dose.written)
    return {"unit": unit, "per_unit": quantities.parse_amount(f"1 {unit}", agent.unit, agent.usual, agent.molar_mass)}


def _arm(arm: Arm, laboratory: Laboratory) -> dict[str, Any]:
    model = laboratory.model

    def change(name: str, text: str) -> tuple[str, float]:
        if quantities.is_multiple(text):
            return "x", quantities.parse_amount(text, "1", usual=1.0)
        return "=", quantities.parse_amount(text, laboratory.parameters[name])

    return {
        "name": arm.name,
        "cells": arm.cells,
        "doses": arm.doses,
        "changes": {name: change(name, text) for name, text in arm.changes.items()},
        "timed_changes": [
            {
                "parameter": model.parameter_index(c.name),
                "change": change(c.name, c.written),
                "time": c.time,
                "medium": c.medium,
                "words": c.description,
            }
            for c in arm.timed_changes
        ],
        "knock_downs": dict(arm.knock_downs),
        "timed_knock_downs": [
            {"protein": c.name, "share": quantities.parse_fraction(c.written), "time": c.time}
            for c in arm.timed_knock_downs
        ],
        "control": arm.control,
        "note": arm.note,
    }


_HOWS = ("arm", "compare", "ratio", "rank")
_REDUCES = (
    *("end", "at", "min", "max", "mean", "half_rise_time", "rebound", "biphasic", "never_decreases"),
    *("drift", "rmse"),
)


def reading_facts(reading: Reading) -> dict[str, Any]:
    """A number read off the arms, as the page's core takes it.

    Raises
    ------
    ExplorerError
        If the core does not know how it is read.
    """
    for word, known in ((reading.how, _HOWS), (reading.reduce, _REDUCES)):
        if word not in known:
            raise ExplorerError(f"a finding is read by '{word}', which the page does not know")
    return {
        "quantity": reading.quantity,
        "arms": reading.arms,
        "how": reading.how,
        "take": reading.take,
        "reduce": reading.reduce,
        "at": reading.at,
        "from_time": reading.from_time,
        "until": reading.until,
        "relative_to": reading.relative_to,
        "over": reading_facts(reading.over) if reading.over else None,
        "partner": reading.partner,
        "measured": reading.measured,
    }


def _plain(value: Any) -> Any:
    """What TOML gave, as JSON can hold it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, bool | int | float | str) else str(value)


# Members of an ensemble.

FINER = 31
"""Of a number with more than seven digits one byte more is kept: its relative distance, in 2 to the minus so much."""


@dataclass(frozen=True, eq=False)
class Members:
    """Members of an ensemble: which there are, and their numbers in single precision; of a file's members also the rest
    of those that have more digits (what was anchored), so that the page weighs what the package weighs."""

    facts: dict[str, Any]
    blobs: dict[str, bytes]


def members_of(
    scenario: Scenario, laboratory: Laboratory, ensemble: str | None, count: int, seed: int = SEED
) -> Members:
    """The cells of a scenario in each of so many members; none where `count` is 0.

    Parameters
    ----------
    scenario : Scenario
    laboratory : Laboratory
    ensemble : str or None
        "calibrated", "prior" or a file; None: the one that comes with the package, else draws from the ranges.
    count : int
    seed : int
        Of draws from the ranges.
    """
    if count == 0:
        return Members({"count": 0, "kind": "none", "says": "", "lines": {}}, {})
    sets = _sets(laboratory, ensemble, count, seed)
    cells = SampledCellLines(laboratory, sets)
    facts: dict[str, Any] = {
        "count": len(sets),
        "asked": ensemble is not None,
        "kind": sets.origin.kind,
        "says": sets.origin.digest,
        "FINER": FINER,
        "weights": sets.weights.tolist() if np.ptp(sets.weights) > 1e-12 else None,
        "lines": {},
    }
    blobs: dict[str, bytes] = {}
    first: tuple[str, dict[int, np.ndarray]] | None = None
    for place, name in enumerate(dict.fromkeys(arm.cells for arm in scenario.arms)):
        line = cells.line(name, scenario.file.parent)
        usual, rows = laboratory.parameters_of(name, scenario.file.parent), line.parameters
        varying = np.flatnonzero((rows != usual).any(axis=0)).tolist()
        known = first[1] if first else {}
        shared = [k for k in varying if k in known and np.array_equal(known[k], rows[:, k])]
        own = [k for k in varying if k not in shared]
        first = first or (name, {k: rows[:, k] for k in varying})
        single = rows[:, own].astype("<f4")
        with np.errstate(invalid="ignore", divide="ignore"):
            rest = np.nan_to_num(2.0**FINER * (rows[:, own] / single - 1.0)).clip(-127, 127).round().astype("i1")
        finer = np.flatnonzero(rest.any(axis=0)) if sets.origin.kind != PRIOR else np.zeros(0, dtype=int)
        # First bytes first, then second ones: the leading bytes are alike, which deflates better.
        bytes_of = np.ascontiguousarray(single.T).view(np.uint8).reshape(-1, 4).T
        blobs[f"members{place}"] = bytes_of.tobytes() + rest[:, finer].T.tobytes()
        facts["lines"][name] = {
            "varying": own,
            "finer": [own[k] for k in finer],
            "shared": shared,
            "of": first[0],
            "blob": f"members{place}",
            "alive": [int(alive) for alive in line.alive],
        }
    return Members(facts, blobs)


def _sets(laboratory: Laboratory, ensemble: str | None, count: int, seed: int) -> ParameterSets:
    if ensemble != PRIOR:
        sets, _ = parameter_sets_asked_for(laboratory.model, ensemble, count=count)
        if sets is not None:
            return sets
    return parameter_sets_from_ranges(laboratory.model, seed, range(count))
