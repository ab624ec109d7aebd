"""Running models: single runs, ensembles, events, sensitivities, steady states.

It knows `Model` and the kernels compiled from it, and nothing of biology, files or fits.
"""

from .ensemble import Ensemble, EnsembleFile, simulate_ensemble, simulate_to_file
from .errors import SimulationError
from .interventions import Intervention
from .simulate import simulate
from .steady import Stability, SteadyStateError, stability, steady_state, steady_state_sensitivities
from .trajectory import Statistics, Trajectory

__all__ = [
    "Ensemble",
    "EnsembleFile",
    "Intervention",
    "SimulationError",
    "Stability",
    "Statistics",
    "SteadyStateError",
    "Trajectory",
    "simulate",
    "simulate_ensemble",
    "simulate_to_file",
    "stability",
    "steady_state",
    "steady_state_sensitivities",
]
