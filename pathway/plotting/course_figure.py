"""Courses of a model that is no scenario: one panel for each species and each assignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .labels import readable_name, scaled_unit, time_label, unit_words
from .layout import Page
from .style import PALETTE, Figure, house_style, value_axis

MOST_PANELS = 15


def plot_courses(trajectory: Any, titles: Mapping[str, str]) -> Figure:
    """The courses of species and assignments by name, with their titles; of more than fifteen, those that change most
    for their size."""
    model = trajectory.model
    courses = {name: trajectory[name] for name in titles}
    names = sorted(titles, key=lambda name: -_change(courses[name]))[:MOST_PANELS]
    names = [name for name in titles if name in names]
    with house_style():
        left_out = len(titles) - len(names)
        page = Page(model.name + (f" (the {len(names)} courses that change most; {left_out} more)" if left_out else ""))
        for panel, name in zip(page.panels([titles[name] for name in names], 3, 1.25), names, strict=True):
            course = courses[name]
            panel.axes.plot(trajectory.times, course, color=PALETTE[2])
            panel.axes.margins(x=0)
            panel.few_ticks()
            power = value_axis(panel.axes, float(course.min()), float(course.max()))
            panel.x_label(time_label(model.time_unit))
            panel.y_label(scaled_unit(_unit(model.units.get(name, ""), name), power))
        return page.cropped_figure()


def plot_trajectory(trajectory: Any, names: Sequence[str] = ()) -> Figure:
    """The courses of what is named; of a model's observables, or its species where it has none, unless told.

    Raises
    ------
    UnknownNameError
        If nothing has such a name.
    """
    model = trajectory.model
    return plot_courses(
        trajectory, {name: readable_name(name) for name in names or tuple(model.observables) or model.species}
    )


def _unit(unit: str, name: str) -> str:
    return unit_words(name, unit) if unit else "unit of the model"


def _change(course: Any) -> float:
    largest = float(abs(course).max())
    return float(course.max() - course.min()) / largest if largest else 0.0
