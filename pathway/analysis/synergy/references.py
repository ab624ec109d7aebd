"""Bliss independence and the highest single agent."""

from __future__ import annotations

import numpy as np

from .surface import EffectSurface, ExcessSurface, excess_surface


def bliss_excess(surface: EffectSurface) -> ExcessSurface:
    """Excess over independent action: expected is the product of what either agent leaves.

    Undefined where both agents alone push the effect below zero (net killing): their product would be a gain.

    Notes
    -----
    Bliss 1939, doi 10.1111/j.1744-7348.1939.tb06990.x.
    """
    first, second = surface.alone_first[:, None], surface.alone_second[None, :]
    both_kill = (first < 0.0) & (second < 0.0)
    reason = "either agent alone already takes the effect below zero"
    reasons = {(int(i), int(j)): reason for i, j in np.argwhere(both_kill)}
    return excess_surface("bliss", first * second / surface.effect[0, 0], surface, reasons)


def highest_single_agent_excess(surface: EffectSurface) -> ExcessSurface:
    """Excess over the stronger of the two agents alone."""
    expected = np.minimum(surface.alone_first[:, None], surface.alone_second[None, :])
    return excess_surface("hsa", expected, surface, {})
