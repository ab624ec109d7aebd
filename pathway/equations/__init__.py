"""The mathematics, symbolic: a `Model` and what can be derived from it on paper.

A `Model` is built by `circuit` (network + parameters) or by `pathway.formats`. Nothing here runs or compiles
anything, and no file format enters.
"""

from .circuit import network_model
from .derivatives import Jacobian, jacobian, parameter_derivatives, sparse_gradients
from .model import Event, Model, ModelError
from .totals import conserved_totals

__all__ = [
    "Event",
    "Jacobian",
    "Model",
    "ModelError",
    "conserved_totals",
    "jacobian",
    "network_model",
    "parameter_derivatives",
    "sparse_gradients",
]
