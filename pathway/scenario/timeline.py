"""The protocol of every arm as text: who gets what when."""

from __future__ import annotations

from .experiment import Scenario
from .run_plan import timeline_entries

_MARKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def draw_timeline(scenario: Scenario, width: int = 78) -> str:
    """One line for each arm with a letter where something happens, a scale above and the meaning of letters below.

    Parameters
    ----------
    scenario : Scenario
    width : int
        Characters per line; at least 40 are used.

    Returns
    -------
    str
    """
    width = max(40, width)
    longest = max(len(arm.name) for arm in scenario.arms)
    left = min(longest, width // 3) + 2
    track_width = width - left - 1
    plan = {arm.name: timeline_entries(arm, scenario) for arm in scenario.arms}
    texts = list(dict.fromkeys(h.text for entries in plan.values() for h in entries))
    marks = {text: _MARKS[i] if i < len(_MARKS) else "*" for i, text in enumerate(texts)}

    def column(time: float) -> int:
        return round((time - scenario.start) / (scenario.end - scenario.start) * (track_width - 1))

    lines = [" " * left + _scale(scenario, track_width, column)]
    for arm in scenario.arms:
        track = ["-"] * track_width
        if scenario.start < 0:
            track[: column(0.0)] = ["."] * column(0.0)
        for entry in plan[arm.name]:
            place = column(entry.time)
            taken = track[place] in _MARKS and track[place] != marks[entry.text]
            track[place] = "#" if taken else marks[entry.text]
        name = arm.name if len(arm.name) <= left - 2 else arm.name[: left - 3] + "~"
        lines.append(name.ljust(left) + "".join(track))
    lines += [f"{mark}  {text}" for text, mark in marks.items()]
    if any("#" in line for line in lines[1 : 1 + len(scenario.arms)]):
        lines.append("#  several at about the same time")
    if scenario.start < 0:
        lines.append(".  before time zero")
    return "\n".join(lines)


def _scale(scenario: Scenario, width: int, column: object) -> str:
    """Times over their columns, as many as fit without touching."""
    span = scenario.end - scenario.start
    step = next(
        s for s in (0.25, 0.5, 1, 2, 4, 6, 12, 24, 48, 72, 96, 120, 168, 336, 720, 1e9) if span / s * 7 <= width
    )
    scale = [" "] * (width + 6)
    time = -(-scenario.start // -step) * -step if scenario.start < 0 else 0.0
    while time <= scenario.end + 1e-9:
        label = f"{time:g}"
        place = column(time)  # type: ignore[operator]
        if time >= scenario.start and not "".join(scale[place : place + len(label)]).strip():
            scale[place : place + len(label)] = label
        time += step
    return "".join(scale).rstrip() + " h"
