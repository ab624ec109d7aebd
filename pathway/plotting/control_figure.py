"""The figure of control coefficients: which reactions hold which readings, at rest."""

from __future__ import annotations

import numpy as np

from pathway.analysis.control import Control

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
        figure.text(0.012, 0.06 / height, said, fontsize=6.5)
        return figure
