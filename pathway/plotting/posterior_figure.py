"""Draws from a posterior as figures: marginals beside their priors, pairs, ranks, traces, energy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from pathway.errors import InputError
from pathway.fitting.objective.objective import scale_derivatives
from pathway.fitting.problem import Parameter, Problem
from pathway.fitting.uncertainty.sampling import Posterior
from pathway.numerals import power_of_ten

from .labels import common_power_of_ten, scaled_unit
from .layout import RIGHT, Page, Panel, wrap_text
from .panels import small_panels
from .style import FAINT, GREY, PALETTE, Figure, house_style, power_text

KINDS = ("marginals", "pairs", "ranks", "traces", "energy")
MOST_PANELS = 48
MOST_PAIRS = 7
_POINTS = 1500
_BINS = 30
_RANK_BINS = 20


def plot_posterior(posterior: Posterior, what: str = "marginals") -> Figure:
    """Draws as a figure.

    Parameters
    ----------
    posterior : Posterior
    what : str
        "marginals" (each parameter, with its prior), "pairs" (which parameters go together, and where trajectories
        diverged), "ranks" and "traces" (whether the chains agree) or "energy" (whether they reach the tails).

    Raises
    ------
    InputError
        For another word.
    """
    drawers = dict(zip(KINDS, (_marginals, _pairs, _ranks, _traces, _energy), strict=True))
    if what not in drawers:
        raise InputError(f"there is no figure '{what}' of a posterior: {', '.join(KINDS)}")
    with house_style():
        return drawers[what](posterior)


def _unit(p: Parameter) -> str:
    return p.unit if p.unit not in ("", "1") else "value"


def _page(
    posterior: Posterior, title: str, entries: Sequence[tuple[Any, str]]
) -> tuple[Page, list[tuple[Panel, int, Parameter]]]:
    """A page with a panel for each parameter, and the parameters on it."""
    shown = list(enumerate(posterior.problem.estimated))[:MOST_PANELS]
    more = f" (the first {len(shown)} of {len(posterior.names)})" if len(shown) < len(posterior.names) else ""
    page = Page(f"{posterior.problem.name}: {title}{more}")
    page.legend(entries)
    panels = small_panels(page, [p.name for _, p in shown])
    return page, [(panel, k, p) for panel, (k, p) in zip(panels, shown, strict=True)]


def _natural_ticks(axes: Any, p: Parameter, upright: bool = False) -> int:
    """Ticks of an axis on the optimizer's scale at round natural values; the power of ten they leave to its label."""
    axis, view = (axes.yaxis, axes.get_ylim()) if upright else (axes.xaxis, axes.get_xlim())
    if p.scale == "linear":
        power = common_power_of_ten(*view)
        axis.set_major_locator(MaxNLocator(nbins=3, min_n_ticks=2))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10.0**power:g}"))
        return power
    unit = math.log(10.0) if p.scale == "log" else 1.0
    low, high = view[0] / unit, view[1] / unit
    values = _round_values(low, high)
    power = common_power_of_ten(10.0**low, 10.0**high) if high - low < 1.0 else 0
    axis.set_ticks([unit * math.log10(v) for v in values], [power_text(v / 10.0**power) for v in values])
    axis.set_minor_locator(NullLocator())
    return power


def _round_values(low: float, high: float, most: int = 4) -> list[float]:
    """Round numbers between two powers of ten, given by their exponents."""
    if high - low < 1.0:
        ends = 10.0**low, 10.0**high
        values = MaxNLocator(nbins=3, steps=[1, 2, 2.5, 5, 10]).tick_values(*ends)
        return [float(v) for v in values if ends[0] <= v <= ends[1]]
    decades = [10.0**k for k in range(math.ceil(low), math.floor(high) + 1)]
    if len(decades) > most:
        return decades[:: -(-len(decades) // most)]
    finer = [d * v for d in [decades[0] / 10.0, *decades] for v in (1.0, 3.0)]
    inside = [v for v in finer if low <= math.log10(v) <= high]
    return inside if len(inside) <= most else decades


# Each parameter


def _marginals(posterior: Posterior) -> Figure:
    entries: list[tuple[Any, str]] = [
        (Line2D([], [], color=PALETTE[2], linewidth=0.8), "each chain"),
        (Patch(color=PALETTE[5], alpha=0.45, linewidth=0), "all draws"),
        (Line2D([], [], color=PALETTE[1], linestyle=(0, (4, 1.5))), "prior"),
        (Line2D([], [], color="black", linewidth=2.0), "95 %"),
        (Line2D([], [], color="black", marker="D", markerfacecolor="white", linestyle="", markersize=3.4), "best"),
    ]
    page, shown = _page(posterior, "posterior of each parameter", entries)
    for panel, k, p in shown:
        axes = panel.axes
        draws = posterior.x[:, :, k].ravel()
        low, high = _view(draws, posterior.best[k])
        edges = np.linspace(low, high, _BINS + 1)
        density, _ = np.histogram(draws, edges, density=True)
        axes.stairs(density, edges, fill=True, color=PALETTE[5], alpha=0.45)
        for rows in np.array_split(posterior.x[:, :, k], posterior.chains):
            own, _ = np.histogram(rows, edges, density=True)
            axes.stairs(own, edges, color=PALETTE[2], linewidth=0.5, alpha=0.6)
            density = np.maximum(density, own)
        grid = np.linspace(low, high, 201)
        axes.plot(
            grid, _prior_density(posterior.problem, k, grid), color=PALETTE[1], linestyle=(0, (4, 1.5)), linewidth=1.0
        )
        top = 1.12 * float(density.max())
        axes.plot(np.quantile(draws, [0.025, 0.975]), [0.02 * top] * 2, color="black", linewidth=2.0)
        axes.plot(
            [posterior.best[k]], [0.02 * top], "D", color="white", markeredgecolor="black", markersize=3.4, zorder=4
        )
        axes.set_ylim(0, top)
        axes.set_xlim(low, high)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        panel.x_label(scaled_unit(_unit(p), _natural_ticks(axes, p)))
    return page.cropped_figure()


def _view(draws: np.ndarray, best: float) -> tuple[float, float]:
    """Where nearly all draws lie, and the best."""
    low, high = np.quantile(draws, [0.001, 0.999])
    low, high = min(low, best), max(high, best)
    reach = 0.06 * (high - low) or 1e-6
    return float(low - reach), float(high + reach)


def _prior_density(problem: Problem, k: int, grid: np.ndarray) -> np.ndarray:
    """Prior of one parameter on the optimizer's scale, at points there; 0 beyond the bounds, nan if not normalized."""
    p = problem.estimated[k]
    lower, upper = (bound[k] for bound in problem.bounds)
    points = np.tile(np.clip(problem.to_scale(problem.nominal), *problem.bounds), (len(grid), 1))
    points[:, k] = grid
    natural = problem.from_scale(points)
    steepness = np.array([scale_derivatives(problem, row)[k] for row in natural])
    if p.prior is not None and p.prior.on_scale:
        density = np.exp([p.prior.log_density(float(v)) for v in grid])
    elif p.prior is not None:
        density = np.exp([p.prior.log_density(float(v)) for v in natural[:, k]]) * steepness
    elif problem.posterior and math.isfinite(p.upper - p.lower):
        density = steepness / (p.upper - p.lower)
    elif math.isfinite(upper - lower):
        density = np.full(len(grid), 1.0 / (upper - lower))
    else:
        return np.full(len(grid), math.nan)
    return np.where((grid >= lower) & (grid <= upper), density, 0.0)


# Which go together


def _pairs(posterior: Posterior) -> Figure:
    flat = posterior.x.reshape(-1, posterior.x.shape[-1])
    chosen = _most_entangled(flat)
    n = len(chosen)
    part = "" if n == len(posterior.names) else f" (the {n} that go together most, of {len(posterior.names)})"
    page = Page(f"{posterior.problem.name}: pairs of parameters{part}")
    marks = [(Line2D([], [], color="black", marker="D", markerfacecolor="white", linestyle="", markersize=3.4), "best")]
    if posterior.divergences:
        marks.append((Line2D([], [], color=PALETTE[1], marker="x", linestyle="", markersize=3), "trajectory diverged"))
    page.legend(marks)
    left = 0.78
    size = (page.width - left - RIGHT) / n
    tall = min(size, 1.6)
    top = page.top + 0.12
    thin = np.linspace(0, len(flat) - 1, min(len(flat), _POINTS)).astype(int)
    lost = flat[posterior.diverging.ravel()]
    names = list(posterior.names)
    for row, i in enumerate(chosen):
        for column, j in enumerate(chosen[: row + 1]):
            axes = page.add_axes(left + column * size, top + row * tall, 0.88 * size, 0.88 * tall)
            view = _view(flat[:, j], posterior.best[j])
            if i == j:
                axes.hist(flat[:, i], list(np.linspace(*view, _BINS)), color=PALETTE[5], alpha=0.6)
                axes.set_yticks([])
            else:
                axes.plot(
                    flat[thin, j], flat[thin, i], ".", color=PALETTE[2], markersize=1.5, alpha=0.35, rasterized=True
                )
                axes.plot(lost[:, j], lost[:, i], "x", color=PALETTE[1], markersize=3, markeredgewidth=0.7)
                axes.plot(
                    posterior.best[j], posterior.best[i], "D", color="white", markeredgecolor="black", markersize=3.4
                )
                axes.set_ylim(*_view(flat[:, i], posterior.best[i]))
                _natural_ticks(axes, posterior.problem.estimated[i], upright=True)
            axes.set_xlim(*view)
            power = _natural_ticks(axes, posterior.problem.estimated[j])
            if i == j and power:
                names[j] = f"{names[j]}, {power_of_ten(power)}"
            if row < n - 1:
                axes.set_xticklabels([])
            if column or i == j:
                axes.set_yticklabels([])
    for place, k in enumerate(chosen):
        _named(page, names[k], left + (place + 0.44) * size, top + n * tall, 0.88 * size)
        if place:
            for number, text in enumerate(wrap_text(names[k], 0.88 * tall, 6.0)):
                at = 0.12 + 0.11 * number
                page.text(at, top + (place + 0.44) * tall, text, 6.0, rotation=90, ha="center", va="center")
    page.top = top + n * tall + 0.5
    return page.cropped_figure()


def _named(page: Page, name: str, middle: float, top: float, wide: float) -> None:
    """A name below a column."""
    for number, text in enumerate(wrap_text(name, wide, 6.0)):
        page.text(middle, top + 0.16 + 0.11 * number, text, 6.0, ha="center", va="center_baseline")


def _most_entangled(flat: np.ndarray) -> list[int]:
    """Positions of the parameters with the strongest rank correlations, in their own order."""
    if flat.shape[1] <= MOST_PAIRS:
        return list(range(flat.shape[1]))
    ranks = flat.argsort(axis=0).argsort(axis=0)
    strength = np.abs(np.corrcoef(ranks.T)) - np.eye(flat.shape[1])
    return sorted(int(k) for k in np.argsort(-strength.max(axis=0), kind="stable")[:MOST_PAIRS])


# Whether the chains agree


def _ranks(posterior: Posterior) -> Figure:
    page, shown = _page(posterior, "ranks of each chain's draws among all draws", _chain_entries(posterior))
    n, own = posterior.log_density.size, posterior.log_density.size // posterior.chains
    edges = np.linspace(0, n, _RANK_BINS + 1)
    expected = own / _RANK_BINS
    for panel, k, p in shown:
        axes = panel.axes
        ranks = posterior.x[:, :, k].ravel().argsort().argsort().reshape(posterior.chains, -1)
        # Two standard deviations of independent draws; those of a chain are fewer than they look.
        share = min(1.0, max(posterior.bulk[p.name], 1.0) / n)
        spread = 2.0 * math.sqrt(expected * (1 - 1 / _RANK_BINS) / share)
        axes.axhspan(max(expected - spread, 0.0), expected + spread, color=FAINT, zorder=0)
        for chain, row in enumerate(ranks):
            axes.stairs(np.histogram(row, edges)[0], edges, baseline=None, color=PALETTE[chain % len(PALETTE)])
        axes.set_xlim(0, n)
        axes.set_ylim(0, None)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=3))
        panel.x_label(f"rank (R-hat {posterior.r_hat[p.name]:.3f})")
        panel.y_label("draws")
    return page.cropped_figure()


def _chain_entries(posterior: Posterior) -> list[tuple[Any, str]]:
    return [
        (Line2D([], [], color=PALETTE[k % len(PALETTE)]), f"chain {k + 1}")
        for k in range(min(posterior.chains, len(PALETTE)))
    ]


def _traces(posterior: Posterior) -> Figure:
    best = Line2D([], [], color=GREY, linewidth=0.7, linestyle=(0, (3, 2)))
    page, shown = _page(
        posterior, "draws in the order in which they came", [*_chain_entries(posterior), (best, "best")]
    )
    for panel, k, p in shown:
        axes = panel.axes
        for chain, rows in enumerate(np.array_split(posterior.x[:, :, k], posterior.chains)):
            color = PALETTE[chain % len(PALETTE)]
            axes.plot(np.arange(1, rows.shape[1] + 1), rows.T, color=color, linewidth=0.35, alpha=0.7, rasterized=True)
        axes.set_ylim(*_view(posterior.x[:, :, k], posterior.best[k]))
        axes.axhline(posterior.best[k], color=GREY, linewidth=0.7, linestyle=(0, (3, 2)))
        axes.set_xlim(1, posterior.x.shape[1])
        panel.y_label(scaled_unit(_unit(p), _natural_ticks(axes, p, upright=True)))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=3))
        panel.x_label("draw")
    return page.cropped_figure()


# Whether they reach the tails


def _energy(posterior: Posterior) -> Figure:
    page = Page(f"{posterior.problem.name}: energy and objective of the draws")
    new = f"energy: {float(posterior.energy_fraction.min()):.2f} or more of each level is new"
    titles = [
        new if posterior.method == "nuts" else "energy",
        f"objective; {posterior.divergences} divergences (crosses)",
    ]
    first, second = page.panels(titles, 2, 1.4, gap=0.7, least=1.6)
    left, right = first.axes, second.axes
    if posterior.method == "nuts":
        level = posterior.energy - posterior.energy.mean(axis=1, keepdims=True)
        steps = np.diff(posterior.energy, axis=1)
        reach = float(np.quantile(np.abs(np.concatenate([level.ravel(), steps.ravel()])), 0.999))
        edges = np.linspace(-reach, reach, 41)
        for values, color, text in ((level, PALETTE[5], "level of energy"), (steps, PALETTE[1], "change by one draw")):
            heights, _ = np.histogram(values, edges, density=True)
            left.stairs(heights, edges, fill=True, color=color, alpha=0.3)
            left.stairs(heights, edges, color=color, label=text)
        left.legend(loc="upper right")
        first.x_label("energy about its mean")
    else:
        left.text(0.5, 0.5, "an ensemble has no energy", ha="center", va="center", color=GREY)
    left.set_yticks([])
    for chain, rows in enumerate(np.array_split(posterior.log_density, posterior.chains)):
        color = PALETTE[chain % len(PALETTE)]
        right.plot(np.arange(1, rows.shape[1] + 1), -rows.T, color=color, linewidth=0.35, alpha=0.7, rasterized=True)
    lost = np.argwhere(posterior.diverging)
    right.plot(lost[:, 1] + 1, -posterior.log_density[tuple(lost.T)], "x", color=PALETTE[1], markersize=3.5)
    right.set_xlim(1, posterior.x.shape[1])
    second.x_label("draw")
    second.y_label("objective")
    return page.cropped_figure()
