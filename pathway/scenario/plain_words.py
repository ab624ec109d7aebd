"""What a result says in one sentence, with its interval and the share of the ensemble, and what stands beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from .experiment import Reading
from .result import Result, Verdict
from .weighted import WeightedInterval

NO_ENSEMBLE = "One chosen parameter set; no interval was asked for."


def headline_sentences(result: Result) -> list[str]:
    """The headline expectations of a scenario in plain words; of one that marks none, its first prediction.

    Each says what is claimed, whether the chosen numbers show it, the number with its interval, and the share of the
    ensemble that agrees.
    """
    chosen = [verdict for verdict in result.verdicts if verdict.expectation.headline]
    chosen = chosen or [v for v in result.verdicts if v.expectation.role == "prediction"][:1]
    return [_sentence(verdict, result) for verdict in chosen]


def _sentence(verdict: Verdict, result: Result) -> str:
    expectation = verdict.expectation
    number = "cannot be read" if math.isnan(verdict.value) else f"is {format_number(verdict.value)}"
    parts = [
        f"{expectation.claim}: {'yes' if verdict.met else 'no'} with the chosen numbers.",
        f"{_read(expectation.reading)} {number} (expected: {band_in_words(expectation.above, expectation.below)})",
    ]
    ensemble = result.ensemble
    if ensemble is None or verdict.interval is None or verdict.share_of_ensemble is None:
        return f"{parts[0]} {parts[1]}. {NO_ENSEMBLE}"
    return (
        f"{parts[0]} {parts[1]}; over {ensemble_words(result)} the median is {format_number(verdict.interval.median)} "
        f"and 90 % lie between {interval_text(verdict.interval, ' and ')}; {verdict.share_of_ensemble:.0%} of them "
        f"meet the expectation{_given_calibration(verdict, result)}."
    )


def _given_calibration(verdict: Verdict, result: Result) -> str:
    """The share among the members that also meet the scenario's (other) calibration findings: what a finding is worth
    where what it rests on holds."""
    own = verdict.expectation
    rests_on = [one.expectation for one in result.verdicts]
    places = [k for k, e in enumerate(rests_on) if e.role == "calibration" and (e.finding or k) != own.finding]
    if result.ensemble is None or own.role not in ("prediction", "calibration") or not places:
        return ""
    which = "other calibration findings" if own.role == "calibration" else "calibration findings"
    share = result.ensemble.shares_given(places)[result.verdicts.index(verdict)]
    if math.isnan(share):
        return f" (no member meets all {which} of this scenario)"
    return f" ({share:.0%} of those that meet all {which} of this scenario)"


def ensemble_words(result: Result) -> str:
    """ "200 members of the calibrated ensemble"; "200 draws from the plausible ranges"."""
    if result.ensemble is None:
        return "no ensemble"
    return f"{len(result.ensemble)} {result.ensemble.origin.description}"


def caveats(result: Result) -> list[str]:
    """What has to be known beside the result: what the scenario says, and what the ensemble does not cover."""
    return [*result.scenario.caveats, *_of_confluence(result), *_of_ensemble(result)]


FULL = 8.0
"""Cells for each at the start from which a dish may be full: one is seeded at a tenth or a fifth of what it holds."""


def _of_confluence(result: Result) -> Iterator[str]:
    """The model's cells never touch each other: where a dish would be full before its end, that is said."""
    name, arm = max(result.arms.items(), key=lambda item: item[1].fold)
    if math.isfinite(arm.fold) and arm.fold >= FULL:
        fold, share = format_number(arm.fold), f"{100.0 / arm.fold:.2g} %"
        yield (
            f"The model knows no confluence: '{name}' ends with {fold} cells for each at the start; a dish seeded at "
            f"more than {share} of what it holds is full before."
        )


def _of_ensemble(result: Result) -> Iterator[str]:
    ensemble = result.ensemble
    if ensemble is None:
        return
    if ensemble.refused:
        reason = next(iter(ensemble.refused.values()))
        yield f"{len(ensemble.refused)} of {ensemble.asked} members give no living cells and are left out ({reason})."
    outside = [
        name
        for name, arm in result.arms.items()
        if arm.growth and (interval := result.interval(name, "GR")) is not None
        if not interval.low <= arm.growth.gr <= interval.high
    ]
    if outside:
        names = ", ".join(outside)
        yield f"The chosen numbers are unusual among the members: GR of {names} lies outside the middle 90 %."


def _read(reading: Reading) -> str:
    """What a number is of, in words: "GR of 'both' minus GR of 'parental'"."""
    what = reading.quantity.replace("_", " ")
    if reading.reduce not in ("end", "at"):
        what = f"{what} ({reading.reduce.replace('_', ' ')})"
    if reading.how == "rank":
        other = "what was measured" if reading.measured else reading.partner.replace("_", " ")
        phrase = f"the rank correlation of {what} with {other} over {len(reading.arms)} arms"
    elif reading.how == "arm":
        phrase = f"{what} of {_quoted(reading.arms)}"
    else:
        first, second = reading.arms
        sign = "minus that of" if reading.how == "compare" else "over that of"
        phrase = f"{what} of '{first}' {sign} '{second}'"
        phrase = f"the {'logarithm' if reading.take == 'log' else 'loss'} of {phrase}" if reading.take else phrase
    return phrase if reading.over is None else f"{phrase}, divided by {_read(reading.over)},"


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def band_in_words(above: float | None, below: float | None) -> str:
    """A band in words: "0.2 or more", "-0.15 to 0.15"."""
    if above is not None and below is not None:
        return f"{above:g} to {below:g}"
    return f"{above:g} or more" if above is not None else f"{below:g} or less" if below is not None else ""


def format_number(value: float | None) -> str:
    """A number as a table shows it; "-" where there is none."""
    if value is None or not math.isfinite(value):
        return "-"
    # Neither 1.2e+02 nor 0.123456: about three digits, and whole numbers from 100 on.
    size = abs(value)
    if 0.01 <= size < 1e5:
        return f"{value:.0f}" if size >= 99.5 else f"{value:.1f}" if size >= 10.0 else f"{value:.2f}"
    return f"{value:.2g}"


def interval_text(interval: WeightedInterval | None, between: str = " to ") -> str:
    """ "0.38 to 0.69"; "-" where there is no interval."""
    if interval is None or interval.ends is None:
        return "-"
    return between.join(_beside_interval(end, interval) for end in (interval.low, interval.high))


def _beside_interval(value: float, interval: WeightedInterval) -> str:
    """The number without digits that the width of its interval drowns: 0 for 0.00011 where 90 % lie within 1.4."""
    width = interval.high - interval.low if interval.ends else 0.0
    if math.isfinite(value) and 0.0 < width < math.inf and abs(value) < 0.01 * width:
        value = round(value, 3 - math.ceil(math.log10(width))) + 0.0  # no -0
    return format_number(value)


def verdict_interval_text(entry: Mapping[str, Any]) -> str:
    """`median_with_interval` of a verdict in its JSON form."""
    ends = entry.get("interval")
    if ends is None:
        return "-"
    # What is far below the band is as good as 0: a drift of 5e-13 where 1e-6 is expected.
    least = 1e-3 * min((abs(bound) for bound in map(entry.get, ("above", "below")) if bound), default=0.0)
    low, median, high = (0.0 if abs(v) < least else v for v in (ends[0], entry["median"], ends[1]))
    return median_with_interval(WeightedInterval(low, median, high))


def percent_text(share: float | None) -> str:
    """A share as a table shows it; "-" where there is none."""
    return "-" if share is None or math.isnan(share) else f"{share:.0%}"


def median_with_interval(interval: WeightedInterval | None) -> str:
    """ "0.53 (0.38 to 0.69)": the median and the middle 90 %."""
    return "-" if interval is None else f"{_beside_interval(interval.median, interval)} ({interval_text(interval)})"
