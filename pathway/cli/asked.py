"""What users ask for by its name: "pAKT in lapatinib at 4 h", of a fit's observables, arms and times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .problem_file import known_name

if TYPE_CHECKING:
    from pathway.fitting.problem import Measurement, Problem

FORM = "'OBSERVABLE in ARM at TIME', for example 'pAKT in untreated at 4 h'"


def aim_of_design(problem: Problem, target: str) -> str | Measurement:
    """A parameter by its name, or a measurement that would be made."""
    if target in problem.names or " in " not in target:
        return known_name("estimated parameter", target, problem.names)
    return asked_measurement(problem, target, "--target")


def asked_measurement(problem: Problem, text: str, option: str) -> Measurement:
    """A measurement that would be made: "pAKT in lapatinib at 4 h", "pAKT in gels_wide in lapatinib at 4 h".

    An observable of several files may be called by its short name where only one of the files has it in this arm.

    Raises
    ------
    BadInput
        With the nearest names that there are.
    """
    from . import BadInput

    parts = re.fullmatch(r"(.+) at ([^ ]+(?: [^ ]+)?)", text)
    if parts is None or " in " not in parts[1]:
        raise BadInput(f"{option} {text}: expected {FORM}")
    observable, arm = _observable_and_arm(problem, parts[1], option)
    kinds = [m for m in problem.measurements if m.observable == observable]
    kinds.sort(key=lambda m: m.experiment != arm)
    return replace(kinds[0], experiment=arm, time=_time(problem, parts[2], option))


def _observable_and_arm(problem: Problem, words: str, option: str) -> tuple[str, str]:
    """The observable and the arm in "OBSERVABLE in ARM"; both names may hold an " in " of their own."""
    from . import BadInput

    arms = [e.name for e in problem.experiments]
    splits = [(words[: m.start()], words[m.end() :]) for m in re.finditer(" in ", words)]
    for observable, arm in splits:
        if arm in arms and observable in _measured_names(problem):
            return observable, arm
    there = [(observable, arm) for observable, arm in splits if arm in arms]
    for observable, arm in there:
        variants = _of_short_name(problem, observable)
        here = {m.observable for m in problem.measurements if m.experiment == arm}
        chosen = [name for name in variants if name in here] or variants
        if len(chosen) > 1:
            several = " or ".join(f"'{name} in {arm}'" for name in chosen)
            raise BadInput(f"{option} {words}: '{observable}' stands in several files; say {several}")
        if chosen:
            return chosen[0], arm
    if there:
        known_name("observable", there[0][0], _measured_names(problem))
    known = [s for s in splits if s[0] in _measured_names(problem) or _of_short_name(problem, s[0])]
    known_name("arm", (known or splits)[-1][1], arms)
    raise AssertionError("one of the two names is not known")


def _measured_names(problem: Problem) -> list[str]:
    return list(dict.fromkeys(m.observable for m in problem.measurements))


def _of_short_name(problem: Problem, short: str) -> list[str]:
    """The observables of a name that stands in several files: "pAKT in gels_wide" and "pAKT in gels_long" of "pAKT"."""
    return [name for name in _measured_names(problem) if name.startswith((f"{short} in ", f"{short}, "))]


def _time(problem: Problem, text: str, option: str) -> float:
    """A time with its unit in the unit of the problem."""
    from pathway.scenario.quantities import parse_hours

    from . import BadInput

    unit = problem.model.time_unit
    if unit == "h":
        return float(parse_hours(text))
    try:
        return float(text.removesuffix(unit).strip() if unit else text)
    except ValueError:
        expected = f"a number in {unit}" if unit else "a number in the model's unit of time"
        raise BadInput(f"{option} {text}: expected {expected}, in which this problem counts time") from None


def feasible_measurements(
    problem: Problem, at: Sequence[str] | None, arms: Sequence[str] | None, observables: Sequence[str] | None
) -> list[Measurement]:
    """What could be measured: a measurement of each kind, moved to other times and arms if some are given.

    The short name of an observable stands for all its files.
    """
    for name in arms or ():
        known_name("arm", name, [e.name for e in problem.experiments])
    wanted: set[str] = set()
    for name in observables or ():
        wanted |= set(_of_short_name(problem, name)) or {known_name("observable", name, _measured_names(problem))}
    kinds: dict[tuple, Measurement] = {}
    for m in problem.measurements:  # of several gels the first, on which a target is read, too
        kinds.setdefault((m.observable, m.experiment if arms is None else "", m.time if at is None else 0.0), m)
    content = {}
    for m in kinds.values():
        if wanted and m.observable not in wanted:
            continue
        for arm in arms or [m.experiment]:
            for time in [_time(problem, text, "--at") for text in at] if at else [m.time]:
                content[arm, m.observable, time] = replace(m, experiment=arm, time=time)
    return list(content.values())
