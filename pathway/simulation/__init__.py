"""Running models: single runs, ensembles, events, sensitivities, steady states.

It knows `Model` and the kernels compiled from it, and nothing of biology, files or fits.

Which method where, by measurement: Rodas5P (order 5, the default) needs 50 steps on the treated circuit (240 h)
for an error of 6e-6 and 192 for 1.5e-8, where Rodas4 needs 92 for 8e-6 and 487 for 2e-8; on the published stiff set
Rodas5P takes fewer steps than SciPy's Radau at every tolerance but HIRES below 1e-8. Rodas4 wins only where a
tolerance of 1e-3 is enough and the stages, six instead of eight, decide. Sensitivities follow the run by
ESDIRK5(4)7L[2]SA2, which needs neither second derivatives nor products with the Jacobian. Single runs of models that
are not stiff take about half the time at equal error with `solver="AutoTsit5"`, which goes over to Tsit5 where it
measures that; ensembles mostly lose (docs/decisions/0009).

Large models: on Chen 2009 (500 species, 49,000 multiply-adds in a factorization, EGF added, 9000 s) a step costs some
40 us for its factorization and 30 us for its eight solves. Side by side with CVODE's BDF and KLU (AMICI): error 9e-5
after 552 steps in 0.11 s against 2505 in 0.27 s; 4e-6 in 0.33 s against 2.6e-7 in 0.28 s. So Rodas5P stays the method
there too, but below an error of about 1e-5 a multistep method, which would reuse factors, would be faster. Gradients
of one number by many parameters come from `adjoint`, which walks the tape backwards: cheaper than
forward sensitivities from some 50 parameters on (39: 1.4 times their price, 84: 0.6, 155: 0.3).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .ensemble import Ensemble, simulate_ensemble
from .errors import SimulationError
from .interventions import Intervention
from .simulate import simulate
from .trajectory import RunStatistics, Trajectory

if TYPE_CHECKING:
    from .ensemble_file import EnsembleFile, open_ensemble, simulate_to_file
    from .steady import Stability, SteadyStateError, stability, steady_state, steady_state_sensitivities

# Not every run needs these, and they take an eighth of the import.
_PLACES = {
    **dict.fromkeys(("EnsembleFile", "open_ensemble", "simulate_to_file"), "ensemble_file"),
    **dict.fromkeys(
        ("Stability", "SteadyStateError", "stability", "steady_state", "steady_state_sensitivities"), "steady"
    ),
}

__all__ = [
    "Ensemble",
    "EnsembleFile",
    "Intervention",
    "RunStatistics",
    "SimulationError",
    "Stability",
    "SteadyStateError",
    "Trajectory",
    "open_ensemble",
    "simulate",
    "simulate_ensemble",
    "simulate_to_file",
    "stability",
    "steady_state",
    "steady_state_sensitivities",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"pathway.simulation has no '{name}'")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
