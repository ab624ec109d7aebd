"""The figure of control coefficients: which reactions hold which readings, at rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pathway.analysis.control import ControlCoefficients, TimeSensitivities

from .labels import readable_name
from .layout import Page, row_labels, text_width
from .style import Figure, house_style, without_frame

_SHOWN = 40


def plot_control(result: ControlCoefficients, cells: str) -> Figure:
    """A heat map of the reactions with the largest coefficients; the sums and their theorems below."""
    with house_style():
        page = Page(f"Control at rest, {cells}")
        strength = np.abs(result.coefficients).max(axis=0)
        beside = row_labels([readable_name(name) for name in result.readings], 0.3 * page.width)
        left = beside.right
        most = int((page.width - left - _BESIDE) / 0.1)
        order = np.argsort(-strength, kind="stable")[: min(_SHOWN, most, int((strength > 1e-3).sum()))]
        values = result.coefficients[:, order]
        rows, columns = values.shape
        row = beside.row_height(0.2, 0.04)
        axes = page.add_axes(left, page.top, page.width - left - _BESIDE, row * rows)
        limit = max(1.0, float(np.abs(values).max()))
        image = axes.imshow(values, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto")
        unsure = _unsure(result.low, result.high, result.coefficients)[:, order]
        axes.plot(*np.argwhere(unsure).T[::-1], "x", color="black", markersize=2.6, markeredgewidth=0.6)
        names = [readable_name(result.reactions[k]) for k in order]
        axes.set_xticks(range(columns), names, rotation=90, fontsize=5.5)
        page.label_rows(beside, left - 0.06, page.top, row)
        axes.set_yticks([])
        without_frame(axes)
        tall = max(row * rows, 1.0)
        _bar(page, image, page.top, tall, "control coefficient")
        page.top += max(row * rows + 0.12 + max(text_width(name, 5.5) for name in names), tall + 0.05)
        words = f"Sums over all {len(result.reactions)} reactions: summation theorems hold to {result.violation:.1e}."
        if result.low is not None:
            words += " Crosses: the middle 95 % of draws have both signs."
        page.lines(words)
        return page.cropped_figure()


_BESIDE = 0.72
"""Inches kept at the right for the bar of colors and its words."""


def _bar(page: Page, image: Any, top: float, tall: float, label: str) -> None:
    """What the colours mean, at the right edge."""
    bar = page.add_axes(page.width - 0.52, top, 0.1, tall)
    page.figure.colorbar(image, cax=bar)
    # On the side away from the numbers, which may be of any width.
    bar.yaxis.set_label_position("left")
    bar.set_ylabel(label, fontsize=6, labelpad=1.5)
    bar.tick_params(labelsize=5.5)


def _unsure(low: np.ndarray | None, high: np.ndarray | None, values: np.ndarray) -> np.ndarray:
    """Values that matter and whose sign is not that of nearly all draws."""
    if low is None or high is None:
        return np.zeros(values.shape, dtype=bool)
    return (low < 0.0) & (high > 0.0) & (np.maximum(-low, high) > 0.02)


def plot_time_sensitivities(result: Sequence[TimeSensitivities], title: str) -> Figure:
    """For each reading a heat map of the strongest parameters over time."""
    with house_style():
        limit = max(float(np.abs(course.values).max()) for course in result)
        # Rows that would be blank are left out.
        shown = [
            [row for row in course.strongest(_IN_TIME) if abs(row[2]) > 0.03 * limit] or course.strongest(1)
            for course in result
        ]
        page = Page(title)
        names = [[readable_name(name) for name, _, _ in rows] for rows in shown]
        beside = [row_labels(own, 0.38 * page.width, 6.0) for own in names]
        left = max(own.right for own in beside)
        image = None
        top = page.top
        for course, rows, own in zip(result, shown, beside, strict=True):
            row = own.row_height(0.15, 0.03)
            tall = row * len(rows)
            page.lines(readable_name(course.reading), 7.0, left, weight="bold")
            page.top += 0.02
            axes = page.add_axes(left, page.top, page.width - left - _BESIDE, tall)
            places = [course.parameters.index(name) for name, _, _ in rows]
            values = course.values[:, places].T
            step = (course.times[1] - course.times[0]) / 2
            ends = (course.times[0] - step, course.times[-1] + step, len(rows) - 0.5, -0.5)
            image = axes.imshow(values, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto", extent=ends)
            unsure, column = np.nonzero(_unsure(course.low, course.high, course.values)[:, places].T)
            axes.plot(course.times[column], unsure, "x", color="black", markersize=2.2, markeredgewidth=0.5)
            page.label_rows(own, left - 0.06, page.top, row)
            axes.set_yticks([])
            axes.axvline(0, color="black", linewidth=0.5, linestyle=(0, (2, 2)))
            axes.set_xlabel("time, hours", labelpad=1.5)
            page.top += tall + 0.42
        _bar(page, image, top + 0.16, max(0.9, min(1.38, page.top - top - 0.6)), "relative sensitivity")
        page.top = max(page.top, top + 1.1)
        if result[0].low is not None:
            page.lines("Crosses: the middle 95 % of draws have both signs.")
        return page.cropped_figure()


_IN_TIME = 15
