"""WHAT IS DONE TO A MODEL AND WHEN: one experiment in periods, in the words of PEtab, whoever asks for it."""

from .experiment import STEADY, Experiment, Period, SteadyTarget
from .preequilibration import PreequilibratedState, preequilibrated_state, preequilibrated_states

__all__ = [
    "STEADY",
    "Experiment",
    "Period",
    "PreequilibratedState",
    "SteadyTarget",
    "preequilibrated_state",
    "preequilibrated_states",
]
