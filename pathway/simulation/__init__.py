"""Running models: single runs, ensembles, events, sensitivities, steady states.

It knows `Model` and the kernels compiled from it, and nothing of biology, files or fits.
"""

from .anchor import Anchored, solve_anchors
from .ensemble import Ensemble, EnsembleFile, simulate_ensemble, simulate_to_file
from .errors import SimulationError
from .interventions import Intervention
from .simulate import simulate
from .steady import Stability, SteadyStateError, stability, steady_state, steady_state_sensitivities
from .trajectory import Statistics, Trajectory

__all__ = [
    "Anchored",
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
    "solve_anchors",
    "stability",
    "steady_state",
    "steady_state_sensitivities",
]
