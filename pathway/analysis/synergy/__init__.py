"""Do two agents do more together than one would expect? References, their excess, and where they have no answer.

Everywhere the effect is what is left (1: untreated, lower: stronger), and excess is expected minus found: positive
means synergy. What a reference does not define is marked, with the reason; it is never a number made up or a nan.
"""

from .loewe import Interpolated, loewe
from .musyc import MuSyC, fit_musyc
from .references import bliss, hsa
from .surface import Excess, Surface, Undefined
from .zero_interaction import zip_delta, zip_deltas

__all__ = [
    "Excess",
    "Interpolated",
    "MuSyC",
    "Surface",
    "Undefined",
    "bliss",
    "fit_musyc",
    "hsa",
    "loewe",
    "zip_delta",
    "zip_deltas",
]
