"""Every published finding against the model, at its own numbers and at draws from their ranges.

Draws already judged are kept on disk, so that a long validation can be interrupted and taken up again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pathway.errors import InputError
from pathway.files import DAMAGE
from pathway.folders import GrowingFolder, growing_folder, json_text
from pathway.parameters.parameter_ensemble import ParameterEnsemble
from pathway.scenario import read_scenario, run_scenario, scenario_names
from pathway.scenario.built_in import built_in_laboratory
from pathway.scenario.ensembles import MEMBERS, NONE, default_ensemble, ensemble_file, is_ensemble_word
from pathway.scenario.experiment import Scenario
from pathway.scenario.finding_shares import NOTHING_KNOWN, STAGES, finding_shares
from pathway.scenario.members import NoMembersError, run_members
from pathway.scenario.plain_words import percent_text, verdict_interval_text
from pathway.scenario.prior_shares import FILE, stored_shares, verdicts_fingerprint
from pathway.scenario.run import Progress
from pathway.scenario.sampled_cell_lines import parameter_sets_from_ranges
from pathway.simulation.pieces import PieceRunner

from .pages import without_empty_columns
from .report import JsonContent, Report, ReportOrigin, Table
from .run import verdict_table

VALIDATION = "validation"
TOGETHER = 50
"""Draws that are judged together."""
IDENTITY = {"of": "published findings"}
"""One folder serves any choice of scenarios: draws are kept for each."""


def judge_expectations(
    names: Sequence[str] | None,
    draws: int,
    seed: int,
    out: Path,
    progress: Progress | None = None,
    force: bool = False,
    ensemble: str | None = None,
    members: int = MEMBERS,
    triple: bool = False,
    runner: PieceRunner | None = None,
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
    ensemble : str, optional
        "calibrated", "none" or a file; None: the calibrated one where it comes with the package.
    members : int
        Of the ensemble, at most.
    triple : bool
        Whether draws from the plausible ranges are judged too, so that each number stands three times.
    runner : PieceRunner, optional
        Who judges draws; threads of this process unless given.

    Returns
    -------
    dict
        {"expectations": [...], "findings": [...], "by_role": {role: {"met", "of"}}, "ensemble": {...} or None}

    Raises
    ------
    FolderError
        If `out` holds something else.
    InputError
        If there is no such ensemble, or the triple is asked for without one.
    """
    parameter_sets = _ensemble_asked_for(ensemble, triple)
    chosen = list(names) if names else scenario_names()
    scenarios = [scenario for scenario in (read_scenario(n) for n in chosen) if scenario.expectations]
    places = list(_at_own_values(scenarios, progress))
    entries = [entry for _, entry in places]
    with growing_folder(out, VALIDATION, IDENTITY, force=force) as folder:
        if draws:
            shares = prior_pass_fractions(scenarios, draws, seed, folder, progress, runner)
            for place, entry in places:
                entry["prior_pass_fraction"] = shares.get((entry["scenario"], place))
    record = _over_ensemble(scenarios, places, parameter_sets, members, triple, progress)
    return {
        "expectations": entries,
        "findings": distinct_findings(entries),
        "by_role": met_by_role(entries),
        "ensemble": record,
    }


def _ensemble_asked_for(word: str | None, triple: bool) -> ParameterEnsemble | None:
    if word is None:
        ensemble, _ = default_ensemble()
    elif word == NONE:
        ensemble = None
    elif is_ensemble_word(word):
        ensemble = ensemble_file(word)
    else:
        raise InputError(f"'{word}' is no ensemble to validate with: calibrated, none, or a file (.npz)")
    if ensemble is None and triple:
        raise InputError("--triple needs an ensemble: name its file with --ensemble FILE (.npz)")
    return ensemble


def _over_ensemble(
    scenarios: Sequence[Scenario],
    places: Sequence[tuple[int, dict[str, Any]]],
    ensemble: ParameterEnsemble | None,
    members: int,
    triple: bool,
    progress: Progress | None,
) -> dict[str, Any] | None:
    """What an ensemble says of each expectation, put into its entry; which ensemble it was."""
    if ensemble is None:
        for _, entry in places:
            entry |= NOTHING_KNOWN.to_dict()
        return None
    laboratory, shares = built_in_laboratory(), {}
    for done, scenario in enumerate(scenarios):
        if progress:
            progress(f"members, {scenario.name}", done, len(scenarios))
        shares[scenario.name] = finding_shares(scenario, laboratory, ensemble, members=members, prior=triple)
    for place, entry in places:
        entry |= shares[entry["scenario"]][place].to_dict()
    return {"hash": ensemble.digest, "file": Path(ensemble.file).name, "members": members, "prior": triple}


def distinct_findings(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each distinct finding, however many expectations ask about it; what has no number, by its claim."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        groups.setdefault(entry["finding"] or entry["claim"], []).append(entry)
    rows = []
    for name, group in groups.items():
        row: dict[str, Any] = {"finding": name, "claim": group[0]["claim"]}
        row["roles"] = list(dict.fromkeys(entry["role"] for entry in group))
        row["compares_with"] = list(dict.fromkeys(entry.get("compares_with", "threshold") for entry in group))
        row |= {"met": sum(bool(entry["met"]) for entry in group), "of": len(group)}
        for key in ("share_of_ensemble", "share_given_calibration", "share_without_itself", "prior_pass_fraction"):
            shares = [entry[key] for entry in group if entry.get(key) is not None]
            row[key] = [min(shares), max(shares)] if shares else None
        rows.append(row)
    return sorted(rows, key=lambda row: by_finding_number(row["finding"]))


def finding_table(findings: Sequence[Mapping[str, Any]]) -> Table:
    """One row for each distinct finding, as it is shown; what compares with a measured number comes first."""
    ordered = sorted(findings, key=lambda row: "measurement" not in row["compares_with"])
    rows = []
    for row in ordered:
        shares = ("share_of_ensemble", "share_given_calibration", "share_without_itself")
        measured = "measurement" in row["compares_with"]
        rows.append(
            [
                row["finding"] if row["finding"] != row["claim"] else "",
                "measurement" if measured else "threshold",
                ", ".join(row["roles"]),
                f"{row['met']} of {row['of']}",
                *(_span_of_shares(row[key]) for key in shares),
                row["claim"],
            ]
        )
    header = ["finding", "compares with", "role", "met", "of ensemble", "given calibration", "without itself", "claim"]
    return header, rows


def _span_of_shares(span: Sequence[float] | None) -> str:
    if span is None:
        return "-"
    low, high = percent_text(span[0]), percent_text(span[1])
    return low if low == high else f"{low} to {high}"


def triple_table(entries: Sequence[Mapping[str, Any]], everything: bool = False) -> Table:
    """One row for each headline number: median, middle 90 % and share before data, after measured data, and after the
    project's findings too; of all expectations where `everything` is asked for."""
    words = {"prior": "before data", "measured": "measured data", "findings": "findings too"}
    header = ["finding", "scenario", "claim", *(words[stage] for stage in STAGES), "data"]
    rows = []
    for entry in entries:
        stages = entry.get("stages") or {}
        if not (stages and (everything or entry.get("headline"))):
            continue
        cells = [
            f"{verdict_interval_text(stages[stage])}; {percent_text(stages[stage]['share'])} meet it"
            if stage in stages
            else "-"
            for stage in STAGES
        ]
        informed = {True: "inform it", False: "no measurement informs this", None: ""}[entry["informed"]]
        rows.append([entry["finding"] or "", entry["scenario"], entry["claim"], *cells, informed])
    return header, rows


def validation_report(verdicts: Mapping[str, Any], seed: int | None = None) -> Report:
    """What verdicts leave beside the draws that were judged.

    Parameters
    ----------
    verdicts : mapping
        Of `judge_expectations`.
    seed : int, optional
        Of the draws, if there were any.
    """
    judged = sorted(verdicts["expectations"], key=lambda e: (by_finding_number(e["finding"]), e["scenario"]))
    header = ["finding", "claim", "scenario", "role", "source", "quantity", "value", "above", "below"]
    header += ["met", "prior_pass_fraction", "reason"]
    over = verdicts.get("ensemble") is not None
    if over:
        header[-1:-1] = ["share_of_ensemble", "share_given_calibration", "share_without_itself"]
    roles = [[role, n["met"], n["of"]] for role, n in verdicts["by_role"].items()]
    predictions = verdicts["by_role"]["prediction"]
    return Report(
        kind=VALIDATION,
        identity=IDENTITY,
        title="The model against published findings",
        origin=ReportOrigin(seed=seed, more={"ensemble": verdicts["ensemble"]} if over else {}),
        tables={
            "verdicts": (header, [[entry[key] for key in header] for entry in judged]),
            "findings": finding_table(verdicts["findings"]),
            **({"stages": triple_table(judged, everything=True)} if over else {}),
        },
        sentences=[
            f"{predictions['met']} of {predictions['of']} predictions are met. Only these count as reproduced: "
            "calibration was fitted to, construction and sanity hold by how the model is made."
        ],
        content=JsonContent("verdicts.json", verdicts),
        template="validation.html",
        page=lambda: {
            "roles": (["role", "met", "of"], roles),
            "findings": without_empty_columns(finding_table(verdicts["findings"])),
            "triple": without_empty_columns(triple_table(judged)) if over else ((), ()),
            "verdicts": verdict_table(judged, ("finding", "claim", "scenario", "role", "source", "share of draws")),
        },
        grows=True,
    )


def by_finding_number(finding: str | None) -> tuple[int, str]:
    """V2 before V10; what has no number comes last."""
    digits = "".join(c for c in finding or "" if c.isdigit())
    return (int(digits) if digits else 10_000, finding or "")


def _at_own_values(scenarios: Sequence[Scenario], progress: Progress | None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each verdict with its place in the scenario's list."""
    for done, scenario in enumerate(scenarios):
        if progress:
            progress(f"scenarios, {scenario.name}", done, len(scenarios))
        for place, verdict in enumerate(run_scenario(scenario).verdicts):
            yield place, {**verdict.to_dict(), "scenario": scenario.name, "headline": verdict.expectation.headline}


def met_by_role(entries: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """How many expectations of each role are met."""
    counts = {role: {"met": 0, "of": 0} for role in ("prediction", "calibration", "construction", "sanity")}
    for entry in entries:
        counts[entry["role"]]["of"] += 1
        counts[entry["role"]]["met"] += bool(entry["met"])
    return counts


def prior_pass_fractions(
    scenarios: Sequence[Scenario], draws: int, seed: int, folder: GrowingFolder, progress: Progress | None = None,
    runner: PieceRunner | None = None,
) -> dict[tuple[str, int], float]:  # fmt: skip
    """Share of valid draws that meet each expectation, by scenario and place in its list.

    Draw k depends on the seed and on k alone, so it does not matter in how many sittings they are judged. The shares
    are also written into the folder as `prior_pass.json`, together with those already kept for other scenarios: copied
    beside the scenarios, this file is what `run` tells.
    """
    judged = _judged_draws(scenarios, draws, seed, folder, progress, runner or PieceRunner())
    passes: dict[str, dict[str, Any]] = {}
    for scenario in scenarios:
        living = [row for row in judged[scenario.name] if row is not None]
        shares = [round(sum(met) / len(living), 4) for met in zip(*living, strict=True)]
        if living:
            numbers = {"draws": draws, "living": len(living), "seed": seed}
            passes[scenario.name] = {"fingerprint": verdicts_fingerprint(scenario), **numbers, "shares": shares}
    folder.write(FILE, json_text(dict(sorted({**stored_shares(), **passes}.items()))))
    return {(name, place): share for name, row in passes.items() for place, share in enumerate(row["shares"])}


def _judged_draws(
    scenarios: Sequence[Scenario], draws: int, seed: int, folder: GrowingFolder, progress: Progress | None,
    runner: PieceRunner,
) -> dict[str, list[list[bool] | None]]:  # fmt: skip
    """By scenario and draw: which expectations are met; None where the draw gives no living cells."""
    keys = {scenario.name: verdicts_fingerprint(scenario) for scenario in scenarios}
    name = f"draws_seed{seed}.jsonl"
    folder.plan([name])
    file = folder.path / name
    judged = _read_draws(file)
    missing = {s.name: [draw for draw in range(draws) if (draw, keys[s.name]) not in judged] for s in scenarios}
    pieces = [(s, some) for s in scenarios for some in _cut(missing[s.name], TOGETHER)]
    done = dict.fromkeys(keys, 0)
    with open(file, "a", encoding="utf-8") as stream:
        for (scenario, some), verdicts in zip(pieces, runner.map(partial(_judge, seed), pieces), strict=True):
            for draw, met in zip(some, verdicts, strict=True):
                judged[draw, keys[scenario.name]] = met
                row = {"draw": draw, "scenario": scenario.name, "fingerprint": keys[scenario.name], "met": met}
                stream.write(json.dumps(row) + "\n")
            stream.flush()
            done[scenario.name] += len(some)
            if progress:
                progress(f"draws, {scenario.name}", draws - len(missing[scenario.name]) + done[scenario.name], draws)
    return {s.name: [judged[draw, keys[s.name]] for draw in range(draws)] for s in scenarios}


def _cut(numbers: Sequence[int], size: int) -> list[Sequence[int]]:
    return [numbers[k : k + size] for k in range(0, len(numbers), size)]


def _read_draws(file: Path) -> dict[tuple[int, str], list[bool] | None]:
    """What earlier sittings have judged, by draw and fingerprint of the scenario."""
    judged: dict[tuple[int, str], list[bool] | None] = {}
    if file.is_file():
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
                draw, fingerprint, met = row["draw"], row["fingerprint"], row["met"]
            except DAMAGE:
                continue  # the line at which an earlier sitting was interrupted
            if met is None or (isinstance(met, list) and all(isinstance(verdict, bool) for verdict in met)):
                judged[draw, fingerprint] = met
    return judged


def _judge(seed: int, piece: tuple[Scenario, Sequence[int]]) -> list[list[bool] | None]:
    """Which expectations each draw meets; None if it is no valid cell (no resting state, growth that cannot be had)."""
    scenario, draws = piece
    laboratory = built_in_laboratory()
    met: list[list[bool] | None] = [None] * len(draws)
    try:
        members = run_members(scenario, laboratory, parameter_sets_from_ranges(laboratory.model, seed, draws))
    except NoMembersError:
        return met
    for row, member in enumerate(members.alive.tolist()):
        met[member] = [bool(verdict.met[row]) for verdict in members.verdicts]
    return met
