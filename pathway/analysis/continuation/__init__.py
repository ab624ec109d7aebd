"""Steady states as parameters change: branches, folds, Hopf points, and whether there is more than one state.

Works on formulas and their derivatives; it never integrates over time.
"""

from .branch import Branch, SpecialPoint, follow_branch
from .folds import fold_curve, sharpen_fold
from .steady_system import SteadySystem, steady_system
from .system import ContinuationSystem

__all__ = [
    "Branch",
    "ContinuationSystem",
    "SpecialPoint",
    "SteadySystem",
    "fold_curve",
    "follow_branch",
    "sharpen_fold",
    "steady_system",
]
