"""Do two agents do more together than one would expect? References, their excess, and where they have no answer.

Everywhere the effect is what is left (1: untreated, lower: stronger), and excess is expected minus found: positive
means synergy. What a reference does not define is marked, with the reason; it is never a number made up or a nan.
"""

from .loewe import InterpolatedCurve, loewe_excess
from .musyc import MuSyC, fit_musyc
from .references import bliss_excess, highest_single_agent_excess
from .surface import EffectSurface, ExcessSurface, UndefinedCell
from .zero_interaction import zip_delta, zip_deltas

__all__ = [
    "EffectSurface",
    "ExcessSurface",
    "InterpolatedCurve",
    "MuSyC",
    "UndefinedCell",
    "bliss_excess",
    "fit_musyc",
    "highest_single_agent_excess",
    "loewe_excess",
    "zip_delta",
    "zip_deltas",
]
