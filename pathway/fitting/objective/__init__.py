"""A problem as a number with slopes: assembled as arrays, its plan run, compared with the measurements.

What is searched for and how sure one can be of it is not known here, and how experiments are run is known in
`pathway.simulation.protocol`. In the order of reading: `assembled` (which run gives each measurement);
`observable_groups`, `observed`, `normalizers`, `noise` (from what runs recorded to a likelihood); `objective`;
`least_squares` (the same as a sum of squares); `hierarchical_parameters` with `hierarchical_blocks` (what need not be
searched for).
"""

from pathway.simulation.protocol.outputs import BatchOutputs, RunError, RunOutputs

from .objective import Comparison, Evaluation, InnerObjective, Linearization, Objective, log_priors

__all__ = [
    "BatchOutputs",
    "Comparison",
    "Evaluation",
    "InnerObjective",
    "Linearization",
    "Objective",
    "RunError",
    "RunOutputs",
    "log_priors",
]
