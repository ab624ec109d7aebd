"""A problem as a number with slopes: laid out as arrays, run on the engine, compared with the measurements.

What is searched for and how sure one can be of it is not known here.
"""

from .objective import Comparison, Evaluation, Objective, log_priors
from .recorded import ManyRecorded, Recorded, RunFailure

__all__ = ["Comparison", "Evaluation", "ManyRecorded", "Objective", "Recorded", "RunFailure", "log_priors"]
