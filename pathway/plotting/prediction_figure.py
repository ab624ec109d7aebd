"""Predictions with bands: what other experiments would show, as far as the parameters are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from pathway.fitting.problem import Measurement
from pathway.fitting.uncertainty.predict import PredictionBand, curve_key

from .labels import axis_label, time_label
from .layout import Page
from .panels import small_panels
from .style import PALETTE, Figure, house_style, value_axis

MOST_PANELS = 48


def plot_prediction(band: PredictionBand, points: Sequence[Measurement] = ()) -> Figure:
    """A panel for each observable and experiment: the curve at the best parameters and its band.

    Parameters
    ----------
    band : PredictionBand
    points : sequence of Measurement, optional
        Drawn over the curves.
    """
    panels: dict[tuple[str, str], dict[tuple, list[int]]] = {}
    for k, m in enumerate(band.measurements):
        panels.setdefault((m.observable, m.experiment), {}).setdefault(curve_key(m), []).append(k)
    shown = list(panels.items())[:MOST_PANELS]
    units = {o.name: o.unit or "unit of the data" for o in band.problem.observables}
    gels = _gels(band, [curves for _, curves in shown])
    span = _span([m.time for m in band.measurements if math.isfinite(m.time)])
    more = f" (the first {len(shown)} of {len(panels)} panels)" if len(shown) < len(panels) else ""
    with house_style():
        page = Page(f"{band.problem.name}: predictions{more}", band.words)
        lines = [Line2D([], [], color=PALETTE[(2 + k) % len(PALETTE)]) for k in range(len(gels))]
        page.legend(list(zip(lines, gels, strict=True))[:8])
        drawn = small_panels(page, [experiment for (_, experiment), _ in shown])
        for panel, ((observable, experiment), curves) in zip(drawn, shown, strict=True):
            axes = panel.axes
            own = [m for m in points if (m.observable, m.experiment) == (observable, experiment)]
            own = [m for m in own if math.isfinite(m.time)]
            for order, (curve, members) in enumerate(curves.items()):
                gel = band.measurements[members[0]].replicate
                color = PALETTE[(2 + (gels.index(gel) if gel in gels else order)) % len(PALETTE)]
                _draw(axes, band, members, color)
                seen = [m for m in own if curve_key(m) == curve]
                axes.plot([m.time for m in seen], [m.value for m in seen], "o", color=color, markersize=2.4, zorder=4)
            members = [k for group in curves.values() for k in group]
            values = [*band.low[members], *band.high[members], *band.best[members], *(m.value for m in own)]
            power = value_axis(axes, float(np.min(values)), float(np.max(values)))
            axes.set_xlim(span)
            panel.few_ticks(steps=[1, 2, 4, 5, 10])
            panel.x_label(time_label(band.problem.model.time_unit))
            panel.y_label(axis_label(observable, units[observable], power))
        return page.cropped_figure()


def _span(times: Sequence[float]) -> tuple[float, float]:
    """Limits of the time axis, which all panels share."""
    first, last = min(times, default=0.0), max(times, default=0.0)
    reach = 0.04 * (last - first) or 1.0
    return first - reach, last + reach


def _gels(band: PredictionBand, panels: Sequence[dict[tuple, list[int]]]) -> list[str]:
    """What tells curves of one panel apart, where it is a gel or a plate of each."""
    several = [members for curves in panels if len(curves) > 1 for members in curves.values()]
    named = [{band.measurements[k].replicate for k in members} for members in several]
    if any(len(names) != 1 for names in named):
        return []
    return list(dict.fromkeys(name for names in named for name in names if name))


def _draw(axes: Any, band: PredictionBand, members: Sequence[int], color: str) -> None:
    order = sorted(members, key=lambda k: band.measurements[k].time)
    times = np.array([band.measurements[k].time for k in order])
    inside = np.isfinite(times)
    times, order = times[inside], [k for k, kept in zip(order, inside, strict=True) if kept]
    if len(times) == 1:
        axes.plot([times[0]] * 2, [band.low[order[0]], band.high[order[0]]], color=color, alpha=0.5, linewidth=3)
        axes.plot(times, band.best[order], "_", color=color, markersize=7)
    elif len(times):
        axes.fill_between(times, band.low[order], band.high[order], color=color, alpha=0.22, linewidth=0)
        axes.plot(times, band.best[order], color=color)
