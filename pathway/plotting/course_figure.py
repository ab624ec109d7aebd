"""Courses of a model that is no scenario: one panel for each species and each assignment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .style import PALETTE, WIDTH, Figure, house_style, new_figure, value_axis
from .words import scaled

MOST_PANELS = 15
_COLUMNS = 3
_PANEL, _GAP_DOWN, _GAP_ACROSS, _LEFT = 1.25, 0.62, 0.66, 0.62


def plot_courses(trajectory: Any, titles: Mapping[str, str]) -> Figure:
    """The courses of species and assignments by name, with their titles; of more than fifteen, those that change most
    for their size."""
    model = trajectory.model
    courses = {name: trajectory[name] for name in titles}
    names = sorted(titles, key=lambda name: -_change(courses[name]))[:MOST_PANELS]
    names = [name for name in titles if name in names]
    rows = max(1, math.ceil(len(names) / _COLUMNS))
    height = 0.45 + rows * (_PANEL + _GAP_DOWN)
    width = (WIDTH - _LEFT - 0.15 - (_COLUMNS - 1) * _GAP_ACROSS) / _COLUMNS
    with house_style():
        figure = new_figure(WIDTH, height)
        left_out = len(titles) - len(names)
        title = model.name + (f" (the {len(names)} courses that change most; {left_out} more)" if left_out else "")
        figure.text(0.017, 1 - 0.08 / height, title, size=8, weight="bold", va="top")
        for place, name in enumerate(names):
            row, column = divmod(place, _COLUMNS)
            bottom = height - 0.5 - row * (_PANEL + _GAP_DOWN) - _PANEL
            left = _LEFT + column * (width + _GAP_ACROSS)
            axes = figure.add_axes((left / WIDTH, bottom / height, width / WIDTH, _PANEL / height))
            axes.plot(trajectory.times, courses[name], color=PALETTE[2])
            words = titles[name]
            axes.set_title(words if len(words) <= 34 else words[:33] + "\u2026")
            axes.set_xlabel(f"time [{model.time_unit or 'unit of the model'}]", labelpad=1.5)
            course = courses[name]
            power = value_axis(axes, float(course.min()), float(course.max()))
            unit = scaled(model.units.get(name) or "unit of the model", power)
            axes.set_ylabel(f"[{unit}]", labelpad=2)
            axes.margins(x=0)
        return figure


def _change(course: Any) -> float:
    largest = float(abs(course).max())
    return float(course.max() - course.min()) / largest if largest else 0.0
