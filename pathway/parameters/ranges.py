"""Where a quantile lies in a parameter's plausible range: what every draw of a prior goes by."""

from __future__ import annotations

from typing import Any

import numpy as np

from .read import Entry

FIXED = ("scenario", "anchored")
"""Sources of numbers that are no uncertain constants: a scenario or a line sets them, or they follow from an anchor."""


def is_uncertain(entry: Entry) -> bool:
    """Whether a number is drawn from its range."""
    return entry.source not in FIXED and entry.range[0] < entry.range[1]


def values_at_quantiles(quantiles: Any, low: Any, high: Any) -> np.ndarray:
    """Values at quantiles of ranges, of shapes that broadcast: uniform in the logarithm where the range is positive."""
    quantiles, low, high = np.broadcast_arrays(*(np.asarray(one, dtype=float) for one in (quantiles, low, high)))
    positive = (low > 0.0) & (high > low)
    ratio = np.divide(high, low, out=np.ones(low.shape), where=positive)
    return np.where(positive, low * np.exp(quantiles * np.log(ratio)), low + quantiles * (high - low))
