"""AN EXPERIMENT AS A LAB DESCRIBES IT: read a TOML file, run its arms, compare growth, judge expectations.

Knows agents, cells and time courses; no file is read but the scenario, its measurements and the shares of draws kept
beside the scenarios, and none is written.
Figures and reports are made elsewhere.
"""

from importlib import import_module
from typing import Any

# Reading a scenario must not wait for the engine that `run` needs.
_PLACES = {
    "Result": "result",
    "Scenario": "experiment",
    "ScenarioError": "mistakes",
    "ScenarioRunError": "arms",
    "built_in_laboratory": "built_in",
    "find_scenario": "read",
    "read_scenario": "read",
    "run_scenario": "run",
    "scenario_names": "read",
}

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"pathway.scenario has no '{name}'")
    return getattr(import_module(f"pathway.scenario.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
