"""What became of one case, and of a whole suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PASSED, FAILED, REFUSED, ERROR, OTHER = "passed", "failed", "refused", "error", "other"


@dataclass(frozen=True)
class Outcome:
    """One case.

    Attributes
    ----------
    status : str
        "passed"; "failed": a wrong number; "refused": named before anything ran; "error": the run stopped with a
        message; "other": not of the kind that is counted (flux balance).
    reason : str
        One line, for all but "passed".
    tags : tuple of str
    """

    case: str
    status: str
    reason: str = ""
    tags: tuple[str, ...] = ()


def new_refusals(outcomes: Iterable[Outcome], held: Mapping[str, str]) -> list[Outcome]:
    """Cases that are refused and not held as such (case to words of the reason), or for another reason."""
    refused = [o for o in outcomes if o.status == REFUSED]
    return [o for o in refused if o.case not in held or held[o.case] not in o.reason]


def summary(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Counts over all cases that count, shares by tag, and the reason of everything that did not pass."""
    counted = sorted((o for o in outcomes if o.status != OTHER), key=lambda o: o.case)
    by_tag: dict[str, list[int]] = {}
    for outcome in counted:
        for tag in outcome.tags:
            share = by_tag.setdefault(tag, [0, 0])
            share[0] += outcome.status == PASSED
            share[1] += 1
    return {
        "passed": sum(o.status == PASSED for o in counted),
        "failed": sum(o.status == FAILED for o in counted),
        "refused": sum(o.status == REFUSED for o in counted),
        "errors": sum(o.status == ERROR for o in counted),
        "of": len(counted),
        "by_tag": dict(sorted(by_tag.items())),
        "failures": {o.case: f"{o.status}: {o.reason}" for o in counted if o.status != PASSED},
    }
