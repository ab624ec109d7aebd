"""A simulator of the miR-21 / PTEN / HER2 circuit: experiments as text, curves and verdicts as answers.

    import pathway

    model = pathway.load("bt474_resistant")
    trajectory = pathway.simulate(model, times)
    result = pathway.run("antimir21_resensitises")
    pathway.plot(result)

Names load when they are first used, so that `import pathway` costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PLACES = {
    "dose_response": "pathway.api.analyze",
    "synergy": "pathway.api.analyze",
    "screen": "pathway.api.analyze",
    "sensitivity": "pathway.api.analyze",
    "bifurcation": "pathway.api.analyze",
    "explain": "pathway.api.analyze",
    "single_cells": "pathway.api.analyze",
    "agents": "pathway.api.catalog",
    "cells": "pathway.api.catalog",
    "observables": "pathway.api.catalog",
    "Intervention": "pathway.simulation",
    "Model": "pathway.equations",
    "ScenarioError": "pathway.scenario",
    "SimulationError": "pathway.simulation",
    "fit": "pathway.formats.problems",
    "load": "pathway.formats.load",
    "load_fit": "pathway.formats.saved",
    "load_posterior": "pathway.formats.saved",
    "load_profiles": "pathway.formats.saved",
    "plot": "pathway.plotting",
    "run": "pathway.api.runs",
    "scenarios": "pathway.api.catalog",
    "simulate": "pathway.api.models",
    "simulate_ensemble": "pathway.api.models",
    "steady_state": "pathway.api.models",
}

__all__ = ["__version__", *sorted(_PLACES)]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'pathway' has no attribute '{name}'. Its names: {', '.join(sorted(_PLACES))}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return __all__
