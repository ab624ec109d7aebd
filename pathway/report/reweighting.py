"""The report of an ensemble that was re-weighted by a user's measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pathway.files import read_bytes
from pathway.fitting.laboratory.refinement import Refinement
from pathway.fitting.laboratory.reweighting import SURVIVING, HeadlineChange, Reweighting
from pathway.numerals import finite_or_none
from pathway.parameters.parameter_ensemble import write_ensemble
from pathway.planning.ranking import InformationRanking
from pathway.planning.sentences import information_table, ranking_sentences
from pathway.scenario.experiment import Scenario
from pathway.scenario.plain_words import band_in_words, format_number, median_with_interval, percent_text

from .output_folders import result_identity
from .report import DeferredFigure, JsonContent, Report, ReportOrigin, Table

REWEIGHTING = "reweighting"
ENSEMBLE_FILE = "ensemble.npz"


def reweighting_report(
    result: Reweighting, scenario: Scenario, out: Path, next_ranking: InformationRanking | None = None
) -> Report:
    """What a re-weighted ensemble leaves in the folder `out`: `ensemble.npz` is read by `pathway run --ensemble`.

    `next_ranking` ranks what the same bench could measure next.
    """
    tables = {"headlines": headline_table(result.headlines), "members": _member_table(result)}
    if next_ranking is not None:
        tables["next_measurements"] = information_table(next_ranking)
    file = result.before.file
    return Report(
        kind=REWEIGHTING,
        identity=result_identity(scenario, out, ensemble=result.before.digest, weights=result.which),
        title=f"The ensemble after the measurements of: {scenario.title}",
        origin=ReportOrigin(
            {**scenario.inputs, **({Path(file).name: read_bytes(Path(file))} if file else {})},
            scenario.settings,
            more={"ensemble": {"hash": result.before.digest, "members": len(result.before), "weights": result.which}},
        ),
        tables=tables,
        figures={"figure": DeferredFigure(partial(_draw, result), _CAPTION)},
        sentences=[*reweighting_sentences(result), *next_measurement_sentences(next_ranking)],
        content=JsonContent(f"{REWEIGHTING}.json", reweighting_numbers(result, next_ranking)),
        saved={ENSEMBLE_FILE: partial(_save, result)},
    )


_CAPTION = (
    "Above: each headline number before the measurements (grey) and after them (black), median and middle 90 %; the "
    "shaded band is what is expected. Below: the weight of each member before and after; on the line it stayed."
)


def _draw(result: Reweighting) -> Any:
    from pathway.plotting.reweighting_figure import plot_reweighting

    return plot_reweighting(result)


def _save(result: Reweighting, path: Path) -> None:
    write_ensemble(path, result.outcome)


def outcome_sentences(result: Reweighting) -> Sequence[str]:
    """What is left of the ensemble, what was drawn in its place, and how far that is to be trusted."""
    before, after = result.effective_numbers
    return [
        f"The measurements leave an effective number of {after:.1f} members (before: {before:.1f} of "
        f"{len(result.before)}); {len(result.survivors)} members have {SURVIVING:.0%} of the weight. They told "
        f"{result.gain:.2f} nats.",
        *([_refinement_sentence(result.refinement)] if result.refinement else []),
        *([f"Warning: {result.warning}."] if result.warning else []),
    ]


def _refinement_sentence(new: Refinement) -> str:
    along = "one direction" if new.directions == 1 else f"{new.directions} directions"
    return (
        f"So {new.drawn} new vectors were drawn: members moved along the {along} that the measurements see best. They "
        f"have an effective number of {new.effective_number:.1f}, around {new.members_around:.1f} members. How likely "
        "they make the data behind the ensemble is not known: a density around its members stands for that."
    )


def reweighting_sentences(result: Reweighting) -> Sequence[str]:
    """What the measurements did to the ensemble, in plain words."""
    sentences = list(outcome_sentences(result))
    if refused := result.likelihoods.refused:
        reason = next(iter(refused.values()))
        sentences.append(f"{len(refused)} members could not be judged and have no weight ({reason}).")
    for change in result.headlines:
        sentences.append(
            f"{change.expectation.claim} ({change.scenario}): {median_with_interval(change.before)} before, "
            f"{median_with_interval(change.after)} after; {percent_text(change.share_before)} of the ensemble met it, "
            f"{percent_text(change.share_after)} do."
        )
    return sentences


def next_measurement_sentences(next_ranking: InformationRanking | None) -> Sequence[str]:
    """What to measure next."""
    if next_ranking is None:
        return ["No next measurement is ranked: too few members are left, or no headline number is open."]
    return ["What to measure next:", *ranking_sentences(next_ranking)]


def headline_table(changes: Sequence[HeadlineChange]) -> Table:
    """One row for each headline number."""
    header = ["scenario", "finding", "claim", "expected"]
    header += [f"{name} {when}" for when in ("before", "after") for name in ("median", "from 5 %", "to 95 %", "share")]
    rows = []
    for change in changes:
        expectation = change.expectation
        row: list[Any] = [change.scenario, expectation.finding or "", expectation.claim]
        row.append(band_in_words(expectation.above, expectation.below))
        for interval, share in ((change.before, change.share_before), (change.after, change.share_after)):
            row += [*(format_number(v) for v in (interval.median, interval.low, interval.high)), percent_text(share)]
        rows.append(row)
    return header, rows


def headline_words(changes: Sequence[HeadlineChange]) -> Table:
    """The same in few columns, to be read on a screen."""
    rows = [
        [
            f"{change.expectation.finding or change.expectation.claim}, {change.scenario}",
            median_with_interval(change.before),
            percent_text(change.share_before),
            median_with_interval(change.after),
            percent_text(change.share_after),
        ]
        for change in changes
    ]
    return ["headline number", "before", "meet it", "after", "meet it now"], rows


def _member_table(result: Reweighting) -> Table:
    """One row for each member, the heaviest first."""
    before, after = result.weights(result.before), result.weights(result.after)
    survives = np.isin(np.arange(len(after)), result.survivors)
    header = ["member", "log-likelihood", "weight before", "weight after", "survives", "refused"]
    rows = [
        [
            int(k),
            finite_or_none(float(result.likelihoods.values[k])),
            float(before[k]),
            float(after[k]),
            "yes" if survives[k] else "no",
            result.likelihoods.refused.get(int(k), ""),
        ]
        for k in np.argsort(-after, kind="stable")
    ]
    return header, rows


def _refinement_numbers(new: Refinement) -> Mapping[str, Any]:
    return {
        "drawn": new.drawn,
        "vectors": len(new.weights),
        "effective_number": new.effective_number,
        "members_around": new.members_around,
        "directions": new.directions,
    }


def reweighting_numbers(result: Reweighting, next_ranking: InformationRanking | None = None) -> Mapping[str, Any]:
    """The JSON form."""
    before, after = result.effective_numbers
    return {
        "members": len(result.before),
        "weights": result.which,
        "column": result.after.columns[-1],
        "effective_number": {"before": before, "after": after},
        "refinement": None if result.refinement is None else _refinement_numbers(result.refinement),
        "warning": result.warning or None,
        "information_gain_nats": result.gain,
        "survivors": result.survivors.tolist(),
        "next_measurements": None if next_ranking is None else next_ranking.to_dict(),
        "refused": {str(member): reason for member, reason in result.likelihoods.refused.items()},
        "headlines": [
            {
                "scenario": change.scenario,
                "finding": change.expectation.finding,
                "claim": change.expectation.claim,
                **{
                    when: {"median": finite_or_none(interval.median), "interval": interval.ends, "share": share}
                    for when, interval, share in (
                        ("before", change.before, finite_or_none(change.share_before)),
                        ("after", change.after, finite_or_none(change.share_after)),
                    )
                },
            }
            for change in result.headlines
        ],
    }
