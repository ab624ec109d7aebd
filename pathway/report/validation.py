"""Every published finding against the model, at its own numbers and at draws from their ranges.

Expectations of all scenarios; a room whose findings are no time courses adds a function to `OTHER_ROOMS`.
Draws already judged are kept on disk, so that a long validation can be interrupted and taken up again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pathway.folders import GrowingFolder, growing_folder, json_text
from pathway.scenario import read_scenario, run_scenario, scenario_names
from pathway.scenario.drawn_cells import DrawFailure, drawn_laboratory
from pathway.scenario.experiment import Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.prior_shares import FILE, fingerprint, kept
from pathway.scenario.run import Progress
from pathway.scenario.shelf import built_in_laboratory

from .report import Content, Origin, Report
from .run import verdict_table

VALIDATION = "validation"
IDENTITY = {"of": "published findings"}
"""One folder serves any choice of scenarios: draws are kept for each."""
OTHER_ROOMS: tuple[Callable[[], Iterable[dict[str, Any]]], ...] = ()
"""Functions that give verdicts from elsewhere (importer, pharmacokinetics, cohort), as entries of the JSON form."""


def validate(
    names: Sequence[str] | None,
    draws: int,
    seed: int,
    out: Path,
    progress: Progress | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Verdicts on all expectations.

    Parameters
    ----------
    names : sequence of str or None
        Scenarios; all that come with the package unless told otherwise.
    draws : int
        Parameter sets drawn from the ranges, each judged on every expectation; with 0 the shares that come with the
        package are told.
    seed : int
    out : Path
        Folder for the draws judged so far and their shares (`prior_pass.json`).
    progress : callable, optional
    force : bool
        The folder may hold something else, which stays.

    Returns
    -------
    dict
        {"expectations": [...], "by_role": {role: {"met", "of"}}}

    Raises
    ------
    FolderError
        If `out` holds something else.
    """
    chosen = list(names) if names else scenario_names()
    scenarios = [scenario for scenario in (read_scenario(n) for n in chosen) if scenario.expectations]
    places = list(_at_own_values(scenarios, progress))
    entries = [entry for _, entry in places]
    for room in OTHER_ROOMS if not names else ():
        entries += room()
    with growing_folder(out, VALIDATION, IDENTITY, force=force) as folder:
        if draws:
            shares = prior_pass_fractions(scenarios, draws, seed, folder, progress)
            for place, entry in places:
                entry["prior_pass_fraction"] = shares.get((entry["scenario"], place))
    return {"expectations": entries, "by_role": by_role(entries)}


def validation_report(found: Mapping[str, Any], seed: int | None = None) -> Report:
    """What verdicts leave beside the draws that were judged.

    Parameters
    ----------
    found : mapping
        Of `validate`.
    seed : int, optional
        Of the draws, if there were any.
    """
    judged = sorted(found["expectations"], key=lambda e: (in_order(e["finding"]), e["scenario"]))
    header = ["finding", "claim", "scenario", "role", "source", "quantity", "value", "above", "below"]
    header += ["met", "prior_pass_fraction", "reason"]
    roles = [[role, n["met"], n["of"]] for role, n in found["by_role"].items()]
    predictions = found["by_role"]["prediction"]
    return Report(
        kind=VALIDATION,
        identity=IDENTITY,
        title="The model against published findings",
        origin=Origin(seed=seed),
        tables={"verdicts": (header, [[entry[key] for key in header] for entry in judged])},
        sentences=[
            f"{predictions['met']} of {predictions['of']} predictions are met. Only these count as reproduced: "
            "calibration was fitted to, construction and sanity hold by how the model is made."
        ],
        content=Content("verdicts.json", found),
        template="validation.html",
        page=lambda: {
            "roles": (["role", "met", "of"], roles),
            "verdicts": verdict_table(judged, ("finding", "claim", "scenario", "role", "source", "share of draws")),
        },
        grows=True,
    )


def in_order(finding: str | None) -> tuple[int, str]:
    """V2 before V10; what has no number comes last."""
    digits = "".join(c for c in finding or "" if c.isdigit())
    return (int(digits) if digits else 10_000, finding or "")


def _at_own_values(scenarios: Sequence[Scenario], progress: Progress | None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each verdict with its place in the scenario's list."""
    for done, scenario in enumerate(scenarios):
        if progress:
            progress(f"scenarios, {scenario.name}", done, len(scenarios))
        for place, verdict in enumerate(run_scenario(scenario).verdicts):
            yield place, {**verdict.to_dict(), "scenario": scenario.name}


def by_role(entries: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """How many expectations of each role are met."""
    counts = {role: {"met": 0, "of": 0} for role in ("prediction", "calibration", "construction", "sanity")}
    for entry in entries:
        counts[entry["role"]]["of"] += 1
        counts[entry["role"]]["met"] += bool(entry["met"])
    return counts


def prior_pass_fractions(
    scenarios: Sequence[Scenario], draws: int, seed: int, folder: GrowingFolder, progress: Progress | None = None
) -> dict[tuple[str, int], float]:
    """Share of valid draws that meet each expectation, by scenario and place in its list.

    Draw k depends on the seed and on k alone, so it does not matter in how many sittings they are judged. The shares
    are also written into the folder as `prior_pass.json`, together with those already kept for other scenarios: copied
    beside the scenarios, this file is what `run` tells.
    """
    judged = _judged_draws(scenarios, draws, seed, folder, progress)
    found: dict[str, dict[str, Any]] = {}
    for scenario in scenarios:
        living = [row for row in judged[scenario.name] if row is not None]
        shares = [round(sum(met) / len(living), 4) for met in zip(*living, strict=True)]
        if living:
            numbers = {"draws": draws, "living": len(living), "seed": seed}
            found[scenario.name] = {"fingerprint": fingerprint(scenario), **numbers, "shares": shares}
    folder.write(FILE, json_text(dict(sorted({**kept(), **found}.items()))))
    return {(name, place): share for name, row in found.items() for place, share in enumerate(row["shares"])}


def _judged_draws(
    scenarios: Sequence[Scenario], draws: int, seed: int, folder: GrowingFolder, progress: Progress | None
) -> dict[str, list[list[bool] | None]]:
    """By scenario and draw: which expectations are met; None where the draw gives no living cells."""
    keys = {scenario.name: fingerprint(scenario) for scenario in scenarios}
    name = f"draws_seed{seed}.jsonl"
    folder.plan([name])
    file = folder.path / name
    judged = _read_draws(file)
    with open(file, "a", encoding="utf-8") as stream:
        for draw in range(draws):
            if progress:
                progress("draws", draw, draws)
            missing = [s for s in scenarios if (draw, keys[s.name]) not in judged]
            drawn = drawn_laboratory(built_in_laboratory(), seed, draw) if missing else None
            for scenario in missing:
                met = judged[draw, keys[scenario.name]] = _judge(scenario, drawn)
                row = {"draw": draw, "scenario": scenario.name, "fingerprint": keys[scenario.name], "met": met}
                stream.write(json.dumps(row) + "\n")
            stream.flush()
    return {s.name: [judged[draw, keys[s.name]] for draw in range(draws)] for s in scenarios}


def _read_draws(file: Path) -> dict[tuple[int, str], list[bool] | None]:
    """What earlier sittings have judged, by draw and fingerprint of the scenario."""
    found: dict[tuple[int, str], list[bool] | None] = {}
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue  # the line at which an earlier sitting was interrupted
            found[row["draw"], row["fingerprint"]] = row["met"]
    return found


def _judge(scenario: Scenario, drawn: Laboratory | None) -> list[bool] | None:
    """Which expectations a draw meets; None if it is no valid cell (no resting state, growth that cannot be had)."""
    from pathway.scenario import ScenarioRunError
    from pathway.simulation import SimulationError

    try:
        return [verdict.met for verdict in run_scenario(scenario, drawn).verdicts]
    except (DrawFailure, ScenarioRunError, SimulationError):
        return None
