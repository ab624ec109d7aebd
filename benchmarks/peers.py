"""One adapter per program: `run(settings)` gives all species at all times, `members(...)` does the same for many.

Every adapter keeps whatever it can between calls. The absolute tolerance is a share of the relative one, times each
species' scale where a program takes one number per species, times `faintest` (a low scale among the species that are
there) where it takes one number for all; shares are scanned. An adapter that cannot run a problem says so when it is
made.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .measure import SHARES, Settings
from .other_python import OtherPython
from .problems import Problem


class CannotRun(Exception):
    """Why a program cannot run a problem."""


class Simulator(Protocol):
    """What the measurements need; those of many members have `members`, those of sensitivities `sensitivities`."""

    name: str
    methods: tuple[str, ...]
    shares: tuple[float | None, ...]

    def run(self, settings: Settings) -> np.ndarray:
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
    """This package, through its public functions."""

    name = "pathway"
    methods = ("",)
    shares = (None, *SHARES)

    def __init__(self, problem: Problem, scales: np.ndarray) -> None:
        self.problem, self.scales = problem, scales

    def _tolerances(self, settings: Settings) -> dict[str, Any]:
        absolute = None if settings.share is None else settings.share * settings.rtol * self.scales
        return {"relative_tolerance": settings.rtol, "absolute_tolerance": absolute}

    def run(self, settings: Settings) -> np.ndarray:
        from pathway.simulation import simulate

        return simulate(self.problem.model, self.problem.times, **self._tolerances(settings)).values

    def sensitivities(self, settings: Settings) -> np.ndarray:
        from pathway.simulation import simulate

        names = list(self.problem.directions)
        trajectory = simulate(self.problem.model, self.problem.times, sensitivities=names, **self._tolerances(settings))
        assert trajectory.sensitivities is not None
        return trajectory.sensitivities

    def members(self, parameters: np.ndarray, settings: Settings, workers: int = 1) -> np.ndarray:
        from pathway.simulation import simulate_ensemble

        tolerances = self._tolerances(settings)
        return simulate_ensemble(
            self.problem.model, self.problem.times, parameters, workers=workers, **tolerances
        ).values


class RoadRunner:
    """libRoadRunner (CVODE, its own LLVM code): BDF with one absolute tolerance or one per species, and Adams."""

    name = "libRoadRunner"
    shares = SHARES
    STEPS, ADAMS_STEPS = 20_000, 2_000
    """Between two outputs, libRoadRunner's own limit; where Adams wants a tenth of it the equations are stiff."""

    def __init__(self, problem: Problem, scales: np.ndarray) -> None:
        import roadrunner

        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
        self.problem, self.scales = problem, scales
        self.runner = roadrunner.RoadRunner(str(problem.sbml))
        places = [f"[{name}]" if form == "concentration" else name for name, form in problem.quantities]
        self.runner.timeCourseSelections = places
        self.end, self.points = float(problem.times[-1]), len(problem.times)
        self.settings = Settings(np.nan)
        parameters = list(self.runner.model.getGlobalParameterIds())
        self.parameter_places = [parameters.index(name) for name in problem.varied]
        states = {name: k for k, (name, _) in enumerate(problem.quantities)}
        floating = list(self.runner.model.getFloatingSpeciesIds())
        self.order = [states[name] for name in floating if name in states]
        every = len(self.order) == len(floating) == len(states)
        self.methods = ("BDF", "BDF, atol per species", "Adams") if every else ("BDF", "Adams")

    def _set(self, settings: Settings) -> None:
        if settings == self.settings:
            return
        integrator, adams = self.runner.integrator, settings.method == "Adams"
        integrator.setValue("stiff", not adams)
        integrator.setValue("maximum_num_steps", self.ADAMS_STEPS if adams else self.STEPS)
        integrator.setValue("relative_tolerance", settings.rtol)
        absolute = (settings.share or 0.0) * settings.rtol
        if settings.method == "BDF, atol per species":
            integrator.setValue("absolute_tolerance", (absolute * self.scales[self.order]).tolist())
        else:
            integrator.setValue("absolute_tolerance", absolute * faintest(self.scales))
        self.settings = settings

    def run(self, settings: Settings) -> np.ndarray:
        self._set(settings)
        self.runner.reset()
        return np.asarray(self.runner.simulate(0.0, self.end, self.points))

    def members(self, parameters: np.ndarray, settings: Settings) -> np.ndarray:
        model, problem = self.runner.model, self.problem
        columns = [problem.model.parameter_index(name) for name in problem.varied]
        trajectories = []
        for row in parameters[:, columns]:
            model.setGlobalParameterValues(self.parameter_places, row.tolist())
            trajectories.append(np.array(self.run(settings)))
        model.setGlobalParameterValues(self.parameter_places, problem.model.parameter_values[columns].tolist())
        return np.array(trajectories)


def faintest(scales: np.ndarray) -> float:
    """The scale of the one absolute tolerance for all species: a low one, so that none is lost."""
    return float(np.quantile(scales, 0.1))


def check_plain(problem: Problem) -> None:
    """Refuse what a bare right-hand side cannot say.

    Raises
    ------
    CannotRun
    """
    if problem.model.events:
        raise CannotRun("has no events")
    if problem.model.algebraic:
        raise CannotRun("has no algebraic equations")
    if problem.large:
        raise CannotRun(
            f"not tried: numba takes minutes to compile the equations of {len(problem.model.species)} species"
        )


class NumbaLsoda:
    """numbalsoda: LSODA in C++ calling a right-hand side compiled by numba; members in a compiled loop."""

    name = "numbalsoda"
    methods = ("LSODA",)
    shares = SHARES

    def __init__(self, problem: Problem, scales: np.ndarray) -> None:
        check_plain(problem)
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

    def _atol(self, settings: Settings) -> float:
        return (settings.share or 0.0) * settings.rtol * faintest(self.scales)

    def run(self, settings: Settings) -> np.ndarray:
        address, atol = self.function.address, self._atol(settings)
        return self.lsoda(address, self.y, self.problem.times, data=self.p, rtol=settings.rtol, atol=atol)[0]

    def members(self, parameters: np.ndarray, settings: Settings) -> np.ndarray:
        starts = np.array([self.problem.model.initial_values_at(p) for p in parameters])
        return self.many(starts, self.problem.times, parameters, settings.rtol, self._atol(settings))


class Scipy:
    """SciPy's LSODA over the compiled right-hand side."""

    name = "scipy"
    methods = ("LSODA",)
    shares = SHARES

    def __init__(self, problem: Problem, scales: np.ndarray) -> None:
        from .equations import plain

        check_plain(problem)
        self.problem, self.scales = problem, scales
        self.function = plain(problem.model)

    def run(self, settings: Settings) -> np.ndarray:
        from scipy.integrate import solve_ivp

        times = self.problem.times
        return solve_ivp(
            self.function,
            (times[0], times[-1]),
            self.problem.model.initial_values,
            method=settings.method,
            t_eval=times,
            rtol=settings.rtol,
            atol=(settings.share or 0.0) * settings.rtol * self.scales,
        ).y.T


class Copasi:
    """COPASI's deterministic method (LSODA); the task alone is timed, reading its results is not.

    At most one to a process: with two models of events loaded, the second gave other values, and the process could end.
    """

    name = "COPASI"
    methods = ("LSODA",)
    shares = SHARES

    def __init__(self, problem: Problem, scales: np.ndarray) -> None:
        import basico
        import COPASI

        if problem.large:
            raise CannotRun("not tried: a run takes it minutes")

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
        self.settings = Settings(np.nan)

    def _process(self, settings: Settings) -> None:
        if self.settings != settings:
            absolute = (settings.share or 0.0) * settings.rtol * faintest(self.scales)
            self.method.getParameter("Relative Tolerance").setDblValue(settings.rtol)
            self.method.getParameter("Absolute Tolerance").setDblValue(absolute)
            self.settings = settings
        if not self.task.process(True):
            raise RuntimeError(self.task.getProcessError())

    def run(self, settings: Settings) -> np.ndarray:
        self._process(settings)
        return self._series()

    def _series(self) -> np.ndarray:
        series = self.task.getTimeSeries()
        rows, columns = series.getRecordedSteps(), series.getNumVariables()
        titles = {series.getTitle(k): k for k in range(columns)}
        wanted = self._columns(titles)
        return np.array([[size * series.getConcentrationData(row, k) for k, size in wanted] for row in range(rows)])

    def _columns(self, titles: dict[str, int]) -> list[tuple[int, float]]:
        """Column of each species, and the size of its compartment where the file means its amount."""
        columns = {}
        model = self.model.getModel()
        for kind in (model.getMetabolites(), model.getModelValues(), model.getCompartments()):
            for k in range(kind.size()):
                entity = kind.get(k)
                name, shown = entity.getObjectName(), entity.getObjectDisplayName()
                size = entity.getCompartment().getInitialValue() if hasattr(entity, "getCompartment") else 1.0
                for title in (shown, name, f"Values[{name}]", f"Compartments[{name}]"):
                    if title in titles:
                        columns[entity.getSBMLId()] = titles[title], size
        return [
            (columns[name][0], columns[name][1] if form == "amount" else 1.0) for name, form in self.problem.quantities
        ]

    def members(self, parameters: np.ndarray, settings: Settings, read: bool = True) -> np.ndarray:
        """Without reading, for the clock, an empty array."""
        columns = [self.problem.model.parameter_index(name) for name in self.problem.varied]
        values = self.model.getModel().getModelValues()
        given = {values.get(k).getSBMLId(): values.get(k) for k in range(values.size())}
        places = [given[name] for name in self.problem.varied]
        trajectories = []
        for row in (*parameters[:, columns], self.problem.model.parameter_values[columns]):
            changed = self.copasi.ObjectStdVector()
            for place, value in zip(places, row.tolist(), strict=True):
                place.setInitialValue(value)
                changed.append(place.getInitialValueReference())
            self.model.getModel().updateInitialValues(changed)
            if len(trajectories) < len(parameters):
                self._process(settings)
                trajectories.append(self._series() if read else None)
        return np.array(trajectories if read else [])

    def timed(self, settings: Settings) -> None:
        """What is timed of a run."""
        self._process(settings)

    def timed_members(self, parameters: np.ndarray, settings: Settings) -> None:
        """What is timed of members."""
        self.members(parameters, settings, read=False)


AMICI_PYTHON = os.environ.get("AMICI_PYTHON", "")


def amici_version() -> str:
    """What the other Python has."""
    program = "import importlib.metadata as m; print(m.version('amici'))"
    return subprocess.run([AMICI_PYTHON, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


class Amici:
    """AMICI (CVODES, sparse KLU, compiled C++) in a Python of its own, named by AMICI_PYTHON; it measures itself."""

    name = "AMICI"
    methods = ("BDF",)
    shares = SHARES

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

    def _question(self, settings: Settings, kind: str, calls: int) -> dict[str, Any]:
        absolute = (settings.share or 0.0) * settings.rtol * faintest(self.scales)
        return {"do": kind, "rtol": settings.rtol, "atol": absolute, "calls": calls}

    def run(self, settings: Settings) -> np.ndarray:
        self._other.ask(self._question(settings, "run", 0))
        return np.load(self.answer)

    def sensitivities(self, settings: Settings) -> np.ndarray:
        self._other.ask(self._question(settings, "sensitivities", 0))
        return np.load(self.answer)

    def seconds(self, settings: Settings, kind: str, calls: int, whose: str) -> list[float]:
        """Durations of some calls, measured where they happen: of the whole "call", or of its "solver" alone."""
        return self._other.ask(self._question(settings, kind, calls))[whose]


ADAPTERS: dict[str, tuple[str, Callable[[Problem, np.ndarray], Any]]] = {
    "pathway": ("pathway", Pathway),
    "libRoadRunner": ("roadrunner", RoadRunner),
    "numbalsoda": ("numbalsoda", NumbaLsoda),
    "COPASI": ("basico", Copasi),
    "scipy": ("scipy", Scipy),
    "AMICI": ("", Amici),
}
"""The module that a program wants, and its adapter."""


def available(names: list[str] | None = None) -> dict[str, Callable[[Problem, np.ndarray], Any]]:
    """Adapters of the programs that are installed, of those named (None: of all)."""
    wanted = ADAPTERS if names is None else {"pathway": ADAPTERS["pathway"]} | {n: ADAPTERS[n] for n in names}
    return {name: adapter for name, (module, adapter) in wanted.items() if _is_installed(module)}


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None if module else bool(AMICI_PYTHON)
