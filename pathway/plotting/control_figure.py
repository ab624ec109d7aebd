"""The figure of control coefficients: which reactions hold which readings, at rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pathway.analysis.control import Control, Courses

from .style import WIDTH, Figure, house_style, new_figure

_SHOWN = 40


def plot_control(found: Control, cells: str) -> Figure:
    """A heat map of the reactions with the largest coefficients; the sums and their theorems below."""
    with house_style():
        strength = np.abs(found.coefficients).max(axis=0)
        order = np.argsort(-strength, kind="stable")[: min(_SHOWN, int((strength > 1e-3).sum()))]
        values = found.coefficients[:, order]
        rows, columns = values.shape
        height = 2.15 + 0.2 * rows
        figure = new_figure(WIDTH, height)
        figure.text(0.012, 1 - 0.1 / height, f"Control at rest, {cells}", fontsize=9, fontweight="bold", va="top")
        axes = figure.add_axes((1.5 / WIDTH, 1 - (0.4 + 0.2 * rows) / height, 4.8 / WIDTH, 0.2 * rows / height))
        limit = max(1.0, float(np.abs(values).max()))
        image = axes.imshow(values, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto")
        unsure = _unsure(found.low, found.high, found.coefficients)[:, order]
        axes.plot(*np.argwhere(unsure).T[::-1], "x", color="black", markersize=2.6, markeredgewidth=0.6)
        names = [found.reactions[k].replace("_", " ") for k in order]
        axes.set_xticks(range(columns), names, rotation=90, fontsize=5.5)
        axes.set_yticks(range(rows), [name.replace("_", " ") for name in found.readings])
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
        bar = figure.add_axes((6.42 / WIDTH, 1 - (0.4 + 0.2 * rows) / height, 0.1 / WIDTH, 0.2 * rows / height))
        figure.colorbar(image, cax=bar)
        bar.set_ylabel("control coefficient [1]", fontsize=6)
        bar.tick_params(labelsize=5.5)
        said = f"Sums over all {len(found.reactions)} reactions: summation theorems hold to {found.violation:.1e}."
        if found.low is not None:
            said += " Crosses: the middle 95 % of draws have both signs."
        figure.text(0.012, 0.06 / height, said, fontsize=6.5)
        return figure


def _unsure(low: np.ndarray | None, high: np.ndarray | None, values: np.ndarray) -> np.ndarray:
    """Values that matter and whose sign is not that of nearly all draws."""
    if low is None or high is None:
        return np.zeros(values.shape, dtype=bool)
    return (low < 0.0) & (high > 0.0) & (np.maximum(-low, high) > 0.02)


def plot_time_sensitivities(found: Sequence[Courses], title: str) -> Figure:
    """For each reading a heat map of the strongest parameters over time."""
    with house_style():
        limit = max(float(np.abs(course.values).max()) for course in found)
        # Rows that would be blank are left out.
        shown = [
            [row for row in course.strongest(_IN_TIME) if abs(row[2]) > 0.03 * limit] or course.strongest(1)
            for course in found
        ]
        height = 0.35 + sum(0.62 + 0.15 * len(rows) for rows in shown)
        figure = new_figure(WIDTH, height)
        figure.text(0.012, 1 - 0.1 / height, title, fontsize=9, fontweight="bold", va="top")
        top = 0.52
        for course, rows in zip(found, shown, strict=True):
            tall = 0.15 * len(rows)
            axes = figure.add_axes((2.05 / WIDTH, 1 - (top + tall) / height, 4.2 / WIDTH, tall / height))
            places = [course.parameters.index(name) for name, _, _ in rows]
            values = course.values[:, places].T
            step = (course.times[1] - course.times[0]) / 2
            ends = (course.times[0] - step, course.times[-1] + step, len(rows) - 0.5, -0.5)
            image = axes.imshow(values, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto", extent=ends)
            row, column = np.nonzero(_unsure(course.low, course.high, course.values)[:, places].T)
            axes.plot(course.times[column], row, "x", color="black", markersize=2.2, markeredgewidth=0.5)
            axes.set_yticks(range(len(rows)), [name.replace("_", " ") for name, _, _ in rows], fontsize=6)
            axes.tick_params(axis="y", length=0)
            axes.axvline(0, color="black", linewidth=0.5, linestyle=(0, (2, 2)))
            axes.set_title(course.reading.replace("_", " "))
            axes.set_xlabel("time [h]", labelpad=1.5)
            top += tall + 0.62
        if found[0].low is not None:
            said = "Crosses: the middle 95 % of draws have both signs."
            figure.text(0.012, 0.06 / height, said, fontsize=6.5)
        tall = min(1.38, 0.15 * len(shown[0]))
        bar = figure.add_axes((6.42 / WIDTH, 1 - (0.52 + tall) / height, 0.1 / WIDTH, tall / height))
        figure.colorbar(image, cax=bar)
        bar.set_ylabel("relative sensitivity [1]", fontsize=6)
        bar.tick_params(labelsize=5.5)
        return figure


_IN_TIME = 15
