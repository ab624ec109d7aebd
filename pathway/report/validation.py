"""Every published finding against the model, at its own numbers and at draws from their ranges.

Expectations of all scenarios; a room whose findings are no time courses adds a function to `OTHER_ROOMS`.
Draws already judged are kept on disk, so that a long validation can be interrupted and taken up again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pathway.scenario import find_scenario, read_scenario, run_scenario, scenario_names
from pathway.scenario.experiment import Scenario
from pathway.scenario.laboratory import Laboratory
from pathway.scenario.prior import DrawFailure, drawn_laboratory
from pathway.scenario.run import Progress
from pathway.scenario.shelf import built_in_laboratory

from .provenance import circuit_hash, package_version

OTHER_ROOMS: tuple[Callable[[], Iterable[dict[str, Any]]], ...] = ()
"""Functions that give verdicts from elsewhere (importer, pharmacokinetics, cohort), as entries of the JSON form."""


def validate(
    names: Sequence[str] | None, draws: int, seed: int, out: Path, progress: Progress | None = None
) -> dict[str, Any]:
    """Verdicts on all expectations.

    Parameters
    ----------
    names : sequence of str or None
        Scenarios; all that come with the package unless told otherwise.
    draws : int
        Parameter sets drawn from the ranges, each judged on every expectation.
    seed : int
    out : Path
        Folder for `verdicts.json` and for the draws judged so far.
    progress : callable, optional

    Returns
    -------
    dict
        {"expectations": [...], "by_role": {role: {"met", "of"}}}
    """
    chosen = list(names) if names else scenario_names()
    scenarios = [scenario for scenario in (read_scenario(n) for n in chosen) if scenario.expectations]
    entries = list(_at_own_values(scenarios, progress))
    for room in OTHER_ROOMS if not names else ():
        entries += room()
    out.mkdir(parents=True, exist_ok=True)
    if draws:
        shares = prior_pass_fractions(scenarios, draws, seed, out, progress)
        for entry in entries:
            entry["prior_pass_fraction"] = shares.get((entry["scenario"], entry["claim"]))
    found = {"expectations": entries, "by_role": by_role(entries)}
    draft = out / ".verdicts.json"
    draft.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(out / "verdicts.json")
    return found


def _at_own_values(scenarios: Sequence[Scenario], progress: Progress | None) -> Iterator[dict[str, Any]]:
    for done, scenario in enumerate(scenarios):
        if progress:
            progress(f"scenarios, {scenario.name}", done, len(scenarios))
        for verdict in run_scenario(scenario).verdicts:
            yield {**verdict.to_dict(), "scenario": scenario.name}


def by_role(entries: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """How many expectations of each role are met."""
    counts = {role: {"met": 0, "of": 0} for role in ("prediction", "calibration", "construction", "sanity")}
    for entry in entries:
        counts[entry["role"]]["of"] += 1
        counts[entry["role"]]["met"] += bool(entry["met"])
    return counts


def prior_pass_fractions(
    scenarios: Sequence[Scenario], draws: int, seed: int, out: Path, progress: Progress | None = None
) -> dict[tuple[str, str], float]:
    """Share of valid draws that meet each expectation, by (scenario, claim).

    Draw k depends on the seed and on k alone, so it does not matter in how many sittings they are judged.
    """
    laboratory = built_in_laboratory()
    file = out / f"draws_{_key(scenarios, seed)}.jsonl"
    judged = _judged(file)
    with open(file, "a", encoding="utf-8") as stream:
        for draw in range(draws):
            if progress:
                progress("draws", draw, draws)
            if draw not in judged:
                judged[draw] = _judge_draw(scenarios, laboratory, draw, seed)
                stream.write(json.dumps({"draw": draw, "met": judged[draw]}) + "\n")
                stream.flush()
    valid = [row for draw in range(draws) if (row := judged[draw]) is not None]
    keys = [(s.name, e.claim) for s in scenarios for e in s.expectations]
    return {key: sum(bool(row[i]) for row in valid) / len(valid) for i, key in enumerate(keys)} if valid else {}


def _key(scenarios: Sequence[Scenario], seed: int) -> str:
    """Draws are only taken up again for the same circuit, scenarios and seed."""
    digest = hashlib.sha256(f"{package_version()} {circuit_hash()} {seed}".encode())
    for scenario in scenarios:
        digest.update(find_scenario(str(scenario.file)).read_bytes())
    return digest.hexdigest()[:16]


def _judged(file: Path) -> dict[int, list[bool] | None]:
    found: dict[int, list[bool] | None] = {}
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue  # the line at which an earlier sitting was interrupted
            found[row["draw"]] = row["met"]
    return found


def _judge_draw(scenarios: Sequence[Scenario], laboratory: Laboratory, draw: int, seed: int) -> list[bool] | None:
    """Which expectations a draw meets; None if it is no valid cell (no resting state, growth that cannot be had)."""
    from pathway.scenario import ScenarioRunError
    from pathway.simulation import SimulationError

    try:
        drawn = drawn_laboratory(laboratory, seed, draw)
        return [verdict.met for scenario in scenarios for verdict in run_scenario(scenario, drawn).verdicts]
    except (DrawFailure, ScenarioRunError, SimulationError):
        return None
