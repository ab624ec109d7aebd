"""A simulator of the miR-21 / PTEN / HER2 circuit: experiments as text, curves and verdicts as answers.

    import pathway

    result = pathway.run("antimir21_resensitises")
    pathway.plot(result, "pAKT")
    result.save("results/mine")

    trajectory = pathway.simulate("bt474_resistant", times)
    pathway.plot(trajectory)

    pathway.scenarios(), pathway.cells(), pathway.agents(), pathway.observables()

Names load when they are first used, so that `import pathway` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathway.api.analyze import bifurcation, dose_response, explain, screen, sensitivity, single_cells, synergy
    from pathway.api.catalog import agents, cells, observables, scenarios
    from pathway.api.cohort import cohort
    from pathway.api.compare import compare
    from pathway.api.explore import explore
    from pathway.api.export import export
    from pathway.api.models import simulate, simulate_ensemble, steady_state
    from pathway.api.plan import plan
    from pathway.api.reweight import reweight
    from pathway.api.runs import Result, run
    from pathway.api.validation import validate
    from pathway.course.check import check
    from pathway.equations import Model
    from pathway.fitting.estimation_problem import EstimationProblem
    from pathway.formats.load import load
    from pathway.formats.problems import fit, load_problem
    from pathway.formats.saved import load_fit, load_posterior, load_profiles
    from pathway.plotting import plot
    from pathway.scenario import ScenarioError
    from pathway.simulation import Intervention, SimulationError

__version__ = "0.1.0"

_PLACES = {
    **dict.fromkeys(
        ("bifurcation", "dose_response", "explain", "screen", "sensitivity", "single_cells", "synergy"),
        "pathway.api.analyze",
    ),
    **dict.fromkeys(("agents", "cells", "observables", "scenarios"), "pathway.api.catalog"),
    "cohort": "pathway.api.cohort",
    "compare": "pathway.api.compare",
    "explore": "pathway.api.explore",
    "export": "pathway.api.export",
    **dict.fromkeys(("simulate", "simulate_ensemble", "steady_state"), "pathway.api.models"),
    "plan": "pathway.api.plan",
    "reweight": "pathway.api.reweight",
    **dict.fromkeys(("Result", "run"), "pathway.api.runs"),
    "validate": "pathway.api.validation",
    "check": "pathway.course.check",
    "Model": "pathway.equations",
    "load": "pathway.formats.load",
    "EstimationProblem": "pathway.fitting.estimation_problem",
    **dict.fromkeys(("fit", "load_problem"), "pathway.formats.problems"),
    **dict.fromkeys(("load_fit", "load_posterior", "load_profiles"), "pathway.formats.saved"),
    "plot": "pathway.plotting",
    "ScenarioError": "pathway.scenario",
    **dict.fromkeys(("Intervention", "SimulationError"), "pathway.simulation"),
}

__all__ = [
    "EstimationProblem",
    "Intervention",
    "Model",
    "Result",
    "ScenarioError",
    "SimulationError",
    "__version__",
    "agents",
    "bifurcation",
    "cells",
    "check",
    "cohort",
    "compare",
    "dose_response",
    "explain",
    "explore",
    "export",
    "fit",
    "load",
    "load_fit",
    "load_posterior",
    "load_problem",
    "load_profiles",
    "observables",
    "plan",
    "plot",
    "reweight",
    "run",
    "scenarios",
    "screen",
    "sensitivity",
    "simulate",
    "simulate_ensemble",
    "single_cells",
    "steady_state",
    "synergy",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        from difflib import get_close_matches

        near = get_close_matches(name, _PLACES, n=3)
        hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        raise AttributeError(
            f"module 'pathway' has no attribute '{name}'.{hint} Its names: {', '.join(sorted(_PLACES))}"
        )
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return __all__
