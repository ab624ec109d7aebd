"""Steady states as parameters change: branches, folds, Hopf points, and whether there is more than one state.

Works on formulas and their derivatives; it never integrates over time.
"""

from .branch import Branch, SpecialPoint, follow
from .folds import fold_curve, sharpen_fold
from .resting import RestingSystem, resting_system
from .system import System

__all__ = [
    "Branch",
    "RestingSystem",
    "SpecialPoint",
    "System",
    "fold_curve",
    "follow",
    "resting_system",
    "sharpen_fold",
]
