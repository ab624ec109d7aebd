"""One adapter per program: `run(rtol)` gives all species at all times, `members(...)` does the same for many.

Every adapter keeps whatever it can between calls. The absolute tolerance is a thousandth of the relative one, times
each species' scale where a program takes one number per species, times `faintest` (a low scale among the species that
are there) where it takes one number for all; pathway uses its own default.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .other_python import OtherPython
from .problems import Problem

RATIO = 1e-3
"""Absolute over relative tolerance, in units of a species' scale."""


class Simulator(Protocol):
    """What the measurements need."""

    name: str

    def run(self, rtol: float) -> np.ndarray:
        """Shape (n_times, n_species)."""


DUST = 1e-12
"""Species that never exceed this share of the median species count as absent."""


def present(reference: np.ndarray) -> np.ndarray:
    """Which species are there at all, shape (n_species,): unused drugs are zero, some others rounding."""
    largest = np.abs(reference).max(axis=0)
    return largest > DUST * np.median(largest[largest > 0.0])


def scales_of(problem: Problem, reference: np.ndarray) -> np.ndarray:
    """Largest value of each species, shape (n_species,); absent species count as the smallest present one."""
    largest, there = np.abs(reference).max(axis=0), present(reference)
    return np.where(there, largest, largest[there].min())


class Pathway:
    """This package, through its public function."""

    name = "pathway"

    def __init__(self, problem: Problem, scales: np.ndarray) -> None:
        self.problem = problem

    def run(self, rtol: float) -> np.ndarray:
        from pathway.simulation import simulate

        return simulate(self.problem.model, self.problem.times, relative_tolerance=rtol).values

    def sensitivities(self, rtol: float) -> np.ndarray:
        from pathway.simulation import simulate

        names = list(self.problem.directions)
        trajectory = simulate(self.problem.model, self.problem.times, relative_tolerance=rtol, sensitivities=names)
        assert trajectory.sensitivities is not None
        return trajectory.sensitivities

    def members(self, parameters: np.ndarray, rtol: float, workers: int = 1) -> np.ndarray:
        from pathway.simulation import simulate_ensemble

        return simulate_ensemble(
            self.problem.model, self.problem.times, parameters, relative_tolerance=rtol, workers=workers
        ).values


class RoadRunner:
    """libRoadRunner (CVODE, its own LLVM code)."""

    name = "libRoadRunner"

    def __init__(self, problem: Problem, scales: np.ndarray) -> None:
        import roadrunner

        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
        self.problem, self.scales = problem, scales
        self.runner = roadrunner.RoadRunner(str(problem.sbml))
        self.runner.timeCourseSelections = self._selections()
        self.runner.integrator.setValue("maximum_num_steps", 1_000_000)
        self.runner.integrator.setValue("stiff", True)
        self.end, self.points = float(problem.times[-1]), len(problem.times)
        self.parameter_places = [self._parameter_place(name) for name in problem.varied]

    def _selections(self) -> list[str]:
        """Amounts or concentrations, whichever the model means by the species' name."""
        model, runner = self.problem.model, self.runner
        floating = set(runner.model.getFloatingSpeciesIds()) | set(runner.model.getBoundarySpeciesIds())
        chosen = []
        for name, value in zip(model.species, model.initial_values, strict=True):
            forms = [f"[{name}]", name] if name in floating else [name]
            close = [f for f in forms if np.isclose(runner.getValue(f), value, rtol=1e-9, atol=0.0)]
            chosen.append((close or forms)[0])
        return chosen

    def _parameter_place(self, name: str) -> int:
        return list(self.runner.model.getGlobalParameterIds()).index(name)

    def _tolerances(self, rtol: float) -> None:
        integrator = self.runner.integrator
        if integrator.getValue("relative_tolerance") != rtol:
            integrator.setValue("relative_tolerance", rtol)
            integrator.setValue("absolute_tolerance", RATIO * rtol * faintest(self.scales))

    def run(self, rtol: float) -> np.ndarray:
        self._tolerances(rtol)
        self.runner.reset()
        return np.asarray(self.runner.simulate(0.0, self.end, self.points))

    def members(self, parameters: np.ndarray, rtol: float) -> np.ndarray:
        model, problem = self.runner.model, self.problem
        columns = [problem.model.parameter_index(name) for name in problem.varied]
        trajectories = []
        for row in parameters[:, columns]:
            model.setGlobalParameterValues(self.parameter_places, row.tolist())
            trajectories.append(np.array(self.run(rtol)))
        model.setGlobalParameterValues(self.parameter_places, problem.model.parameter_values[columns].tolist())
        return np.array(trajectories)


def faintest(scales: np.ndarray) -> float:
    """The scale of the one absolute tolerance for all species: a low one, so that none is lost."""
    return float(np.quantile(scales, 0.1))


class NumbaLsoda:
    """numbalsoda: LSODA in C++ calling a right-hand side compiled by numba; members in a compiled loop."""

    name = "numbalsoda"

    def __init__(self, problem: Problem, scales: np.ndarray) -> None:
        import numba
        from numbalsoda import lsoda, lsoda_sig

        from .equations import right_hand_side

        self.problem, self.scales = problem, scales
        slopes = right_hand_side(problem.model)
        n_species, n_parameters = len(problem.model.species), len(problem.model.parameters)

        @numba.cfunc(lsoda_sig)
        def function(t: Any, y: Any, dy: Any, p: Any) -> None:
            slopes(t, numba.carray(y, (n_species,)), numba.carray(dy, (n_species,)), numba.carray(p, (n_parameters,)))

        self.function = function
        address = function.address

        @numba.njit
        def many(starts: Any, times: Any, parameters: Any, rtol: float, atol: float) -> Any:
            trajectories = np.empty((len(parameters), len(times), starts.shape[1]))
            for k in range(len(parameters)):
                trajectories[k], _ = lsoda(address, starts[k], times, data=parameters[k], rtol=rtol, atol=atol)
            return trajectories

        self.many, self.lsoda = many, lsoda
        self.p = np.array(problem.model.parameter_values)
        self.y = np.array(problem.model.initial_values)

    def _atol(self, rtol: float) -> float:
        return RATIO * rtol * faintest(self.scales)

    def run(self, rtol: float) -> np.ndarray:
        return self.lsoda(
            self.function.address, self.y, self.problem.times, data=self.p, rtol=rtol, atol=self._atol(rtol)
        )[0]

    def members(self, parameters: np.ndarray, rtol: float) -> np.ndarray:
        starts = np.array([self.problem.model.initial_values_at(p) for p in parameters])
        return self.many(starts, self.problem.times, parameters, rtol, self._atol(rtol))


class Scipy:
    """SciPy's LSODA or BDF over the compiled right-hand side."""

    def __init__(self, problem: Problem, scales: np.ndarray, method: str) -> None:
        from .equations import plain

        self.name, self.method = f"scipy {method}", method
        self.problem, self.scales = problem, scales
        self.function = plain(problem.model)

    def run(self, rtol: float) -> np.ndarray:
        from scipy.integrate import solve_ivp

        times = self.problem.times
        return solve_ivp(
            self.function,
            (times[0], times[-1]),
            self.problem.model.initial_values,
            method=self.method,
            t_eval=times,
            rtol=rtol,
            atol=RATIO * rtol * self.scales,
        ).y.T


class Copasi:
    """COPASI's deterministic method (LSODA); the task alone is timed, reading its results is not."""

    name = "COPASI"

    def __init__(self, problem: Problem, scales: np.ndarray) -> None:
        import basico
        import COPASI

        self.problem, self.scales, self.copasi = problem, scales, COPASI
        self.model = basico.load_model(str(problem.sbml), remove_user_defined_functions=True)
        basico.set_task_settings("Time-Course", {"scheduled": True})
        self.task = self.model.getTask("Time-Course")
        settings = self.task.getProblem()
        settings.setDuration(float(problem.times[-1]))
        settings.setStepNumber(len(problem.times) - 1)
        settings.setTimeSeriesRequested(True)
        self.task.setMethodType(COPASI.CTaskEnum.Method_deterministic)
        self.method = self.task.getMethod()
        self.method.getParameter("Max Internal Steps").setUIntValue(10_000_000)
        self.rtol = 0.0

    def _process(self, rtol: float) -> None:
        if self.rtol != rtol:
            self.method.getParameter("Relative Tolerance").setDblValue(rtol)
            self.method.getParameter("Absolute Tolerance").setDblValue(RATIO * rtol * faintest(self.scales))
            self.rtol = rtol
        if not self.task.process(True):
            raise RuntimeError(self.task.getProcessError())

    def run(self, rtol: float) -> np.ndarray:
        self._process(rtol)
        series = self.task.getTimeSeries()
        rows, columns = series.getRecordedSteps(), series.getNumVariables()
        titles = {series.getTitle(k): k for k in range(columns)}
        wanted = [titles[name] for name in self._titles(titles)]
        return np.array([[series.getConcentrationData(row, k) for k in wanted] for row in range(rows)])

    def _titles(self, titles: dict[str, int]) -> list[str]:
        sbml = {}
        for kind in (self.model.getModel().getMetabolites(), self.model.getModel().getModelValues()):
            for k in range(kind.size()):
                entity = kind.get(k)
                for title in (
                    entity.getObjectDisplayName(),
                    entity.getObjectName(),
                    f"Values[{entity.getObjectName()}]",
                ):
                    if title in titles:
                        sbml[entity.getSBMLId()] = title
        return [sbml[name] for name in self.problem.model.species]

    def timed(self, rtol: float) -> None:
        """What is timed."""
        self._process(rtol)


AMICI_PYTHON = os.environ.get("AMICI_PYTHON", "")


def amici_version() -> str:
    """What the other Python has."""
    program = "import importlib.metadata as m; print(m.version('amici'))"
    return subprocess.run([AMICI_PYTHON, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


class Amici:
    """AMICI (CVODES, sparse KLU, compiled C++) in a Python of its own, named by AMICI_PYTHON; it measures itself."""

    name = "AMICI"

    def __init__(self, problem: Problem, scales: np.ndarray) -> None:
        self.problem, self.scales = problem, scales
        folder = problem.sbml.parent
        self.answer = folder / f"amici_{problem.name}.npy"
        worker = Path(__file__).with_name("amici_worker.py")
        self._other = OtherPython(
            AMICI_PYTHON,
            worker,
            {
                "name": problem.name,
                "sbml": str(problem.sbml),
                "folder": str(folder),
                "species": list(problem.model.species),
                "directions": list(problem.directions),
                "end": float(problem.times[-1]),
                "points": len(problem.times),
                "answer": str(self.answer),
            },
        )

    def _settings(self, rtol: float, kind: str, calls: int) -> dict[str, Any]:
        return {"do": kind, "rtol": rtol, "atol": RATIO * rtol * faintest(self.scales), "calls": calls}

    def run(self, rtol: float) -> np.ndarray:
        self._other.ask(self._settings(rtol, "run", 0))
        return np.load(self.answer)

    def sensitivities(self, rtol: float) -> np.ndarray:
        self._other.ask(self._settings(rtol, "sensitivities", 0))
        return np.load(self.answer)

    def seconds(self, rtol: float, kind: str, calls: int) -> list[float]:
        """Durations of some calls, measured where they happen."""
        return self._other.ask(self._settings(rtol, kind, calls))["seconds"]


def available(names: list[str] | None = None) -> dict[str, Callable[[Problem, np.ndarray], Any]]:
    """Adapters of the programs that are installed."""
    adapters: dict[str, Callable[[Problem, np.ndarray], Any]] = {"pathway": Pathway}
    modules = {"libRoadRunner": ("roadrunner", RoadRunner), "numbalsoda": ("numbalsoda", NumbaLsoda)}
    modules["COPASI"] = ("basico", Copasi)
    import importlib.util

    for name, (module, adapter) in modules.items():
        if importlib.util.find_spec(module) is not None:
            adapters[name] = adapter
        else:
            print(f"{name} is not installed", file=sys.stderr)
    adapters["scipy LSODA"] = lambda problem, scales: Scipy(problem, scales, "LSODA")
    adapters["scipy BDF"] = lambda problem, scales: Scipy(problem, scales, "BDF")
    if AMICI_PYTHON:
        adapters["AMICI"] = Amici
    return {name: adapter for name, adapter in adapters.items() if names is None or name in names}
