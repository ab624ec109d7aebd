"""WHAT IS DONE TO A MODEL AND WHEN: one experiment in periods, in the words of PEtab, whoever asks for it."""

from .experiment import STEADY, Experiment, Period, SteadyTarget
from .preequilibration import Preequilibrated, preequilibrated, preequilibrated_members

__all__ = [
    "STEADY",
    "Experiment",
    "Period",
    "Preequilibrated",
    "SteadyTarget",
    "preequilibrated",
    "preequilibrated_members",
]
