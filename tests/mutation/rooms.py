"""Which tests are to notice a fault in which files."""

from __future__ import annotations

ROOMS: dict[str, dict[str, tuple[str, ...]]] = {
    "units": {"pathway/units.py": ("tests/units",)},
    "expressions": {
        f"pathway/expressions/{name}.py": (
            "tests/expressions",
            "tests/kernels/test_operators.py::test_values_and_derivatives_walked_in_python",
            "tests/kernels/test_operators.py::test_values_and_derivatives_over_arrays",
        )
        for name in ("calculus", "evaluation", "graph", "intervals", "singular", "text", "traverse", "written")
    },
    "scenario": {
        f"pathway/scenario/{name}.py": tuple(
            f"tests/scenario/test_{test}.py" for test in ("run", "controls", "expect", "read", "divisors")
        )
        for name in ("growth", "result", "run", "controls", "expect", "quantities", "read", "divisors", "run_plan")
    },
    "synergy": {
        f"pathway/analysis/synergy/{name}.py": ("tests/analysis/test_synergy.py",)
        for name in ("isoboles", "loewe", "musyc", "references", "scales", "surface", "zero_interaction")
    },
    "report": {
        f"pathway/report/{name}.py": (
            "tests/report/test_tables.py",
            "tests/report/test_escaping.py",
            "tests/report/test_fit_page.py",
            "tests/report/test_folder.py",
        )
        for name in ("page", "tables", "fit_page", "provenance")
    },
    "simulation": {
        f"pathway/simulation/{name}.py": tuple(
            f"tests/simulation/test_{test}.py"
            for test in ("simulate", "time_switches", "events", "state_switches", "arrays", "circuit_runs")
        )
        for name in ("switches", "events", "interventions", "tasks", "simulate", "checks", "formulas")
    },
}
"""Room to file to tests."""
