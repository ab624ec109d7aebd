"""A problem as a number with slopes: laid out as arrays, run on the engine, compared with the measurements.

What is searched for and how sure one can be of it is not known here. In the order of reading: `layout` with `drafts`,
`beginnings`, `stretches`, `slots` (which runs there are, what each is given); `engine`, `many`, `follower`, `going`,
`rest`, `backwards`, `runs` (running them); `groups`, `observed`, `axes`, `noise` (from what runs recorded to a
likelihood); `objective`; `closed_form` with `blocks` (what need not be searched for).
"""

from .objective import Comparison, Evaluation, Objective, log_priors
from .recorded import ManyRecorded, Recorded, RunFailure

__all__ = ["Comparison", "Evaluation", "ManyRecorded", "Objective", "Recorded", "RunFailure", "log_priors"]
