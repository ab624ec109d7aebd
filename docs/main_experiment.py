"""The main experiment over the ensemble: the table and the picture of README.md.

The ensemble is the calibrated one where it ships, and draws from the plausible ranges where it does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docs.blocks import HERE, OUTPUTS, PageError, keep_content
from docs.pictures import keep_picture
from docs.scenario_runs import digest, rounded

NAME = "main_experiment"
SCENARIO = "antimir21_resensitises"
MEMBERS = 200
FINDINGS = "findings"
"""The weights that count the project's own findings beside the measured data."""
ARMS = {
    "parental": "parental cells",
    "trastuzumab": "resistant cells",
    "both": "resistant cells, anti-miR-21 two days before",
    "PTEN plasmid + trastuzumab": "resistant cells, PTEN that miR-21 cannot silence",
}
"""Arms of the table, and what stands there."""
ANSWERS = {"trastuzumab": "V3", "both": "V4", "PTEN plasmid + trastuzumab": "V7"}
"""The finding whose first expectation says of how many members an arm's claim holds."""
MEMBERS_BY = ("members by data alone", "by findings too")
COLORS = {"parental": "#0072B2", "trastuzumab": "#D55E00", "both": "#009E73"}
SHORT = {"parental": "parental", "trastuzumab": "resistant", "both": "resistant, anti-miR-21 before"}
PANELS = {"PTEN": "PTEN, relative to parental", "pAKT": "pAKT, share of AKT", "cell_number": "cells, fold of start"}


def names() -> list[str]:
    return [NAME]


def record(name: str, outputs: Path) -> Path:
    """Run the main experiment over an ensemble and keep table and picture; the file of the table."""
    import pathway
    from pathway.parameters.parameter_ensemble import SHIPPED
    from pathway.scenario.plain_words import ensemble_words

    outputs.mkdir(parents=True, exist_ok=True)
    kind = "calibrated" if SHIPPED.is_file() else "prior"
    result = pathway.run(SCENARIO, ensemble=kind, members=MEMBERS)
    believed = pathway.run(SCENARIO, ensemble=kind, members=MEMBERS, weights=FINDINGS) if kind == "calibrated" else None
    content = {"file": digest(SCENARIO), "ensemble": ensemble_words(result), "kind": kind, **result.to_dict()}
    content[FINDINGS] = believed and {name: believed.to_dict()[name] for name in ("arms", "expectations")}
    keep_picture(_picture(result, believed), outputs / f"{NAME}.png", 1440)
    return keep_content(rounded(content), outputs / f"{NAME}.json")


def recorded_run() -> Mapping[str, Any]:
    """What is kept of it.

    Raises
    ------
    PageError
        If nothing is, or the scenario has changed since.
    """
    file = OUTPUTS / NAME / f"{NAME}.json"
    content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if content.get("file") != digest(SCENARIO):
        raise PageError(f"no output of the main experiment is kept; run: python -m docs.record {NAME}")
    return content


def table() -> str:
    """The arms that tell the story, with GR, cells and the share of the ensemble, as Markdown.

    Members stand twice: weighted by measured data alone, and by the findings too, among which the chosen set is.
    """
    content = recorded_run()
    sides = [content, *([content[FINDINGS]] if content[FINDINGS] else [])]
    titles = ["members by measured data alone", "by the findings too"][: len(sides)]
    header = ["BT-474, 120 h of trastuzumab 10 ug/mL", "chosen set", *titles, "claim holds in"]
    rows = [header, ["---"] * len(header)]
    for arm, words in ARMS.items():
        entries = [side["arms"][arm] for side in sides]
        chosen = f"**{entries[0]['GR']:z.2f}**, {entries[0]['percent_of_untreated']:.0f} %"
        shares = " / ".join(_share(side, arm) for side in sides) if arm in ANSWERS else "-"
        rows.append([words, chosen, *map(_members, entries), shares])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _members(entry: Mapping[str, Any]) -> str:
    """GR and cells of an arm over the members: medians and middle 90 %."""
    low, high = entry["GR_interval"]
    least, most = entry["percent_of_untreated_interval"]
    return (
        f"{entry['GR_median']:z.2f} ({low:z.2f} to {high:z.2f}), "
        f"{entry['percent_of_untreated_median']:.0f} % ({least:.0f} to {most:.0f})"
    )


def _share(content: Mapping[str, Any], arm: str) -> str:
    shares = [e["share_of_ensemble"] for e in content["expectations"] if e["finding"] == ANSWERS[arm]]
    return f"{100.0 * shares[0]:.2g} %"


def _picture(result: Any, believed: Any) -> Any:
    """Three courses and GR of the three arms that tell the story, with the middle 90 % of the ensemble.

    Before the data bands of courses would cover everything; GR has its interval in either case.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 2.55), layout="constrained")
    axes = figure.subplots(1, 4, width_ratios=[1, 1, 1, 1.35])
    for place, (name, title) in zip(axes, PANELS.items(), strict=False):
        for arm, color in COLORS.items():
            if result.ensemble.origin.kind != "prior":
                low, _, high = result.ensemble.bands(arm, name)
                place.fill_between(result.times, low, high, color=color, alpha=0.12, linewidth=0)
            place.plot(result.times, result.arms[arm].courses[name], color=color, linewidth=1.6)
        place.set_title(title, fontsize=8, loc="left", fontweight="bold")
        place.set_xlim(-48, result.times[-1])
        place.set_xticks([-48, 0, 48, 96])
        place.axvline(0, color="0.6", linewidth=0.7, zorder=0)
        place.set_xlabel("hours of trastuzumab", fontsize=8)
    axes[2].set_yscale("log", base=2)
    axes[2].yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    _bars(axes[3], [result, *([believed] if believed else [])])
    for place in axes:
        place.tick_params(labelsize=7.5, width=0.6)
        place.spines[["top", "right"]].set_visible(False)
    return figure


def _bars(place: Any, results: Sequence[Any]) -> None:
    """GR with the middle 90 % of members: by measured data alone, and thicker by the findings too."""
    for k, (arm, color) in enumerate(COLORS.items()):
        value = results[0].arms[arm].growth.gr
        place.barh(k, value, color=color, height=0.5)
        for below, width, words, result in zip((0.1, -0.1), (0.8, 2.2), MEMBERS_BY, results, strict=False):
            interval = result.interval(arm, "GR")
            label = words if k == 0 else None
            place.plot([interval.low, interval.high], [k + below] * 2, color="black", linewidth=width, label=label)
        place.text(0.0, k - 0.32, f"{SHORT[arm]}: {value:.2f}", fontsize=7.5, va="bottom")
    place.legend(
        loc="lower center", bbox_to_anchor=(0.5, -0.02), ncols=2, fontsize=6.5, frameon=False, handlelength=1.2
    )
    place.set_ylim(3.05, -0.85)
    place.set_yticks([])
    place.set_xlim(min(0.0, place.get_xlim()[0]), 1.1)
    place.spines["left"].set_visible(False)
    place.axvline(1.0, color="0.6", linewidth=0.7, linestyle=":", zorder=0)
    place.set_title("GR (1: as without, 0: arrested)", fontsize=8, loc="left", fontweight="bold")


def picture_file() -> str:
    """Of the picture, from the top of the repository."""
    return f"docs/{(OUTPUTS / NAME / f'{NAME}.png').relative_to(HERE).as_posix()}"
