"""Runs the scenarios that ship, for the gallery and for numbers in the text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from docs.blocks import OUTPUTS, PageError, keep_content
from docs.pictures import keep_picture

CARD = 576
"""Pixels of a picture on a card."""
CARD_SHOWS = ("pAKT", "cell_number")
"""What a card shows by preference."""


def names() -> list[str]:
    """Of the scenarios that ship."""
    from pathway.scenario import scenario_names

    return sorted(scenario_names())


def recorded() -> list[str]:
    """Of those whose output is kept; one that is new is shown once it has been recorded."""
    return [name for name in names() if (OUTPUTS / "scenarios" / f"{name}.json").is_file()]


def text_of(name: str) -> str:
    """The file of a scenario."""
    from pathway.scenario import find_scenario

    return find_scenario(name).read_text(encoding="utf-8")


def digest(name: str) -> str:
    """Of a scenario's file: whether what is kept belongs to what ships."""
    return hashlib.sha256(text_of(name).encode()).hexdigest()[:16]


def record(name: str, outputs: Path) -> Path:
    """Run a scenario as `pathway run` does and keep numbers, sentences and two pictures; the file of the numbers."""
    import pathway
    from pathway.scenario.plain_words import caveats, ensemble_words, headline_sentences

    outputs.mkdir(parents=True, exist_ok=True)
    result = pathway.run(name)
    numbers = {
        "file": digest(name),
        "ensemble": ensemble_words(result) if result.ensemble else "",
        "sentences": headline_sentences(result),
        "caveats": caveats(result),
        **result.to_dict(),
    }
    keep_picture(pathway.plot(result), outputs / f"{name}.png")
    keep_picture(_card(result), outputs / f"{name}.card.png", CARD)
    return keep_content(rounded(numbers), outputs / f"{name}.json")


def _card(result: Any) -> Any:
    """One observable over time, without words: the arms of the first row of the run's figure, the others behind."""
    from matplotlib.figure import Figure

    from pathway.plotting.run_figure import arm_groups
    from pathway.plotting.style import PALETTE

    front = arm_groups(result)[0].arms
    shown = result.scenario.observables
    name = next((name for name in CARD_SHOWS if name in shown), shown[0])
    figure = Figure(figsize=(3.6, 1.5), layout="constrained")
    axes = figure.subplots()
    for arm_name, arm in result.arms.items():
        shown_first = arm_name in front
        color = PALETTE[1 + front.index(arm_name) % (len(PALETTE) - 1)] if shown_first else "0.8"
        width, order = (1.4, 2.0) if shown_first else (0.8, 1.0)
        axes.plot(arm.times, arm.courses[name], color=color, linewidth=width, zorder=order)
    if name == "cell_number":
        axes.set_yscale("log", base=2)
    else:
        axes.set_ylim(bottom=0.0)
    axes.set_xlim(float(result.times[0]), float(result.times[-1]))
    axes.axvline(0.0, color="0.75", linewidth=0.7, zorder=0)
    axes.set_yticks([], minor=False)
    axes.set_yticks([], minor=True)
    axes.tick_params(labelsize=7, length=2.5, width=0.6)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel("hours", fontsize=7.5)
    axes.set_ylabel(name.replace("_", " "), fontsize=8)
    return figure


def rounded(value: Any) -> Any:
    """Six digits: more would only make files differ."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: rounded(entry) for key, entry in value.items()}
    return [rounded(entry) for entry in value] if isinstance(value, list | tuple) else value


@cache
def recorded_run(name: str) -> Mapping[str, Any]:
    """What is kept of a scenario.

    Raises
    ------
    PageError
        If nothing is, or the scenario has changed since.
    """
    file = OUTPUTS / "scenarios" / f"{name}.json"
    numbers = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if numbers.get("file") != digest(name):
        raise PageError(f"scenario {name}: no output of this file is kept; run: python -m docs.record {name}")
    return numbers
