"""The report of an ensemble that was re-weighted by a user's measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pathway.files import read_bytes
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
    made: Reweighting, scenario: Scenario, out: Path, next_ranking: InformationRanking | None = None
) -> Report:
    """What a re-weighted ensemble leaves in the folder `out`: `ensemble.npz` is read by `pathway run --ensemble`.

    `next_ranking` ranks what the same bench could measure next.
    """
    tables = {"headlines": headline_table(made.headlines), "members": _member_table(made)}
    if next_ranking is not None:
        tables["next_measurements"] = information_table(next_ranking)
    file = made.before.file
    return Report(
        kind=REWEIGHTING,
        identity=result_identity(scenario, out, ensemble=made.before.digest, weights=made.which),
        title=f"The ensemble after the measurements of: {scenario.title}",
        origin=ReportOrigin(
            {**scenario.inputs, **({Path(file).name: read_bytes(Path(file))} if file else {})},
            scenario.settings,
            more={"ensemble": {"hash": made.before.digest, "members": len(made.before), "weights": made.which}},
        ),
        tables=tables,
        figures={"figure": DeferredFigure(partial(_draw, made), _CAPTION)},
        sentences=[*reweighting_sentences(made), *next_measurement_sentences(next_ranking)],
        content=JsonContent(f"{REWEIGHTING}.json", reweighting_numbers(made, next_ranking)),
        saved={ENSEMBLE_FILE: partial(_save, made)},
    )


_CAPTION = (
    "Above: each headline number before the measurements (grey) and after them (black), median and middle 90 %; the "
    "shaded band is what is expected. Below: the weight of each member before and after; on the line it stayed."
)


def _draw(made: Reweighting) -> Any:
    from pathway.plotting.reweighting_figure import plot_reweighting

    return plot_reweighting(made)


def _save(made: Reweighting, path: Path) -> None:
    write_ensemble(path, made.after)


def reweighting_sentences(made: Reweighting) -> Sequence[str]:
    """What the measurements did to the ensemble, in plain words."""
    before, after = made.effective_numbers
    survivors, told = len(made.survivors), made.gain
    sentences = [
        f"The measurements leave an effective number of {after:.1f} members (before: {before:.1f} of "
        f"{len(made.before)}); {survivors} members have {SURVIVING:.0%} of the weight. They told {told:.2f} nats.",
        *([f"Warning: {made.warning}."] if made.warning else []),
    ]
    if made.likelihoods.refused:
        reason = next(iter(made.likelihoods.refused.values()))
        sentences.append(f"{len(made.likelihoods.refused)} members could not be judged and have no weight ({reason}).")
    for change in made.headlines:
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


def _member_table(made: Reweighting) -> Table:
    """One row for each member, the heaviest first."""
    before, after = made.weights(made.before), made.weights(made.after)
    survives = np.isin(np.arange(len(after)), made.survivors)
    header = ["member", "log-likelihood", "weight before", "weight after", "survives", "refused"]
    rows = [
        [
            int(k),
            finite_or_none(float(made.likelihoods.values[k])),
            float(before[k]),
            float(after[k]),
            "yes" if survives[k] else "no",
            made.likelihoods.refused.get(int(k), ""),
        ]
        for k in np.argsort(-after, kind="stable")
    ]
    return header, rows


def reweighting_numbers(made: Reweighting, next_ranking: InformationRanking | None = None) -> Mapping[str, Any]:
    """The JSON form."""
    before, after = made.effective_numbers
    return {
        "members": len(made.before),
        "weights": made.which,
        "column": made.after.columns[-1],
        "effective_number": {"before": before, "after": after},
        "warning": made.warning or None,
        "information_gain_nats": made.gain,
        "survivors": made.survivors.tolist(),
        "next_measurements": None if next_ranking is None else next_ranking.to_dict(),
        "refused": {str(member): reason for member, reason in made.likelihoods.refused.items()},
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
            for change in made.headlines
        ],
    }
