"""Bliss independence and the highest single agent."""

from __future__ import annotations

import numpy as np

from .surface import Excess, Surface, excess


def bliss(surface: Surface) -> Excess:
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
    return excess("bliss", first * second / surface.effect[0, 0], surface, reasons)


def hsa(surface: Surface) -> Excess:
    """Excess over the stronger of the two agents alone."""
    expected = np.minimum(surface.alone_first[:, None], surface.alone_second[None, :])
    return excess("hsa", expected, surface, {})
