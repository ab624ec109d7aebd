"""PEtab 1 once more: tables read plainly, libRoadRunner for the runs, likelihood and priors as the standard has them.

Nothing of the package is used. For each condition the SBML file is rewritten (parameters, starts, sizes) and loaded.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import libsbml
import numpy as np
import roadrunner
import yaml
from petab.v1.math import sympify_petab
from scipy import stats


class PlainPetab:
    """A problem's tables as they stand, and what follows from them at given parameters.

    Parameters
    ----------
    path : Path
        The YAML file.
    long : float
        Time after which the model rests.
    """

    def __init__(self, path: Path, long: float) -> None:
        self.long = long
        content = yaml.safe_load(path.read_text())
        part, folder = content["problems"][0], path.parent
        self.sbml = (folder / part["sbml_files"][0]).read_text()
        model = libsbml.readSBMLFromString(self.sbml).getModel()
        species = [model.getSpecies(k) for k in range(model.getNumSpecies())]
        self.densities = {s.getId() for s in species if not s.getHasOnlySubstanceUnits()}
        rules = [model.getRule(k) for k in range(model.getNumRules())]
        self.ruled_rates = [rule.getVariable() for rule in rules if rule.isRate()]
        self.conditions = {r["conditionId"]: r for f in part["condition_files"] for r in _rows(folder / f)}
        self.observables = {r["observableId"]: r for f in part["observable_files"] for r in _rows(folder / f)}
        self.measurements = [r for f in part["measurement_files"] for r in _rows(folder / f)]
        self.parameters = {r["parameterId"]: r for r in _rows(folder / content["parameter_file"])}

    @property
    def nominal(self) -> dict[str, float]:
        return {n: float(r["nominalValue"]) for n, r in self.parameters.items()}

    def simulated(self, values: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
        """Simulated value and noise of every measurement."""
        made = np.full((len(self.measurements), 2), np.nan)
        for pair in dict.fromkeys(map(_pair, self.measurements)):
            rows = [k for k, m in enumerate(self.measurements) if _pair(m) == pair]
            states = self._course(*pair, values, sorted({float(self.measurements[k]["time"]) for k in rows}))
            for k in rows:
                m = self.measurements[k]
                known = values | states[float(m["time"])]
                made[k] = self._read(m, known)
        return made[:, 0], made[:, 1]

    def _read(self, m: dict[str, str], known: dict[str, float]) -> tuple[float, float]:
        o = self.observables[m["observableId"]]
        for kind in ("observable", "noise"):
            given = [g for g in (m.get(f"{kind}Parameters") or "").split(";") if g]
            known |= {f"{kind}Parameter{k + 1}_{m['observableId']}": _value(g, known) for k, g in enumerate(given)}
        return _value(o["observableFormula"], known), _value(o["noiseFormula"], known)

    def _course(self, before: str, condition: str, values: dict[str, float], times: list[float]) -> dict:
        starts: dict[str, float] = {}
        if before:
            rested = self._loaded(self.conditions[before], values, {})
            _run(rested, self.long)
            # What the simulation's condition leaves open goes on from the rest; concentrations, as C keeps its size.
            starts = {f"[{s}]": rested[f"[{s}]"] for s in rested.model.getFloatingSpeciesIds()}
            starts |= {n: rested[n] for n in self.ruled_rates if n not in self.densities}
        runner = self._loaded(self.conditions[condition], values, starts)
        made, now = {}, 0.0
        for time in times:
            if time > now:
                _run(runner, self.long if time == math.inf else time, now)
                now = time
            made[time] = {n: float(runner[n if n not in self.densities else f"[{n}]"]) for n in self._names(runner)}
        return made

    def _names(self, runner: roadrunner.RoadRunner) -> list[str]:
        model = runner.model
        species = [*model.getFloatingSpeciesIds(), *model.getBoundarySpeciesIds()]
        return [*species, *model.getGlobalParameterIds(), *model.getCompartmentIds()]

    def _loaded(self, condition: dict[str, str], values: dict[str, float], starts: dict[str, float]):
        document = libsbml.readSBMLFromString(self.sbml)
        model = document.getModel()
        ruled = {model.getRule(k).getVariable() for k in range(model.getNumRules())}
        given = {n: v for n, v in values.items() if model.getParameter(n) and n not in ruled}
        own = {n: t for n, t in condition.items() if n not in ("conditionId", "conditionName") and t}
        given |= {n: _value(t, values) for n, t in own.items() if t.lower() != "nan"}
        later = {n.strip("[]"): v for n, v in starts.items() if n.strip("[]") not in given}
        for name in (*given, *later):
            while model.getInitialAssignmentBySymbol(name):
                model.removeInitialAssignment(name)
        for name, value in given.items():
            _set(model, name, value)
        for name, value in later.items():
            species = model.getSpecies(name)
            if species and species.getHasOnlySubstanceUnits():
                value *= given.get("C", model.getCompartment("C").getSize())
            _set(model, name, value)
        runner = roadrunner.RoadRunner(libsbml.writeSBMLToString(document))
        runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-11, 1e-16
        runner.integrator.maximum_num_steps = 200_000
        names = self._names(runner)
        runner.timeCourseSelections = ["time", *names]
        return runner

    # The objective

    def minus_log_posterior(self, values: dict[str, float]) -> float:
        simulated, noise = self.simulated(values)
        total = 0.0
        for m, y, sd in zip(self.measurements, simulated, noise, strict=True):
            o = self.observables[m["observableId"]]
            transformation = o.get("observableTransformation") or "lin"
            log, slope = {
                "lin": (lambda v: v, lambda v: 1.0),
                "log": (math.log, lambda v: 1.0 / v),
                "log10": (math.log10, lambda v: 1.0 / (v * math.log(10.0))),
            }[transformation]
            value = float(m["measurement"])
            density = stats.laplace if o.get("noiseDistribution") == "laplace" else stats.norm
            total += density.logpdf(log(value), log(y), sd) + math.log(slope(value))
        for name, row in self.parameters.items():
            if row["estimate"] == "1" and row.get("objectivePriorType"):
                total += _log_prior(row, values[name])
        return -float(total)


def _log_prior(row: dict[str, str], value: float) -> float:
    kind = row["objectivePriorType"]
    a, b = map(float, row["objectivePriorParameters"].split(";"))
    scaled = {"lin": float, "log": math.log, "log10": math.log10}[row["parameterScale"]](value)
    if kind == "parameterScaleUniform":
        return 0.0  # flat between the bounds: a constant that does not count
    return float(
        {
            "uniform": lambda: stats.uniform.logpdf(value, a, b - a),
            "normal": lambda: stats.norm.logpdf(value, a, b),
            "laplace": lambda: stats.laplace.logpdf(value, a, b),
            "logNormal": lambda: stats.lognorm.logpdf(value, b, scale=math.exp(a)),
            "logLaplace": lambda: stats.laplace.logpdf(math.log(value), a, b) - math.log(value),
            "parameterScaleNormal": lambda: stats.norm.logpdf(scaled, a, b),
            "parameterScaleLaplace": lambda: stats.laplace.logpdf(scaled, a, b),
        }[kind]()
    )


def _pair(m: dict[str, str]) -> tuple[str, str]:
    return m.get("preequilibrationConditionId") or "", m["simulationConditionId"]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def _value(text: str, known: dict[str, float]) -> float:
    formula = sympify_petab(text)
    return float(formula.subs({s: known[s.name] for s in formula.free_symbols}))


def _set(model: libsbml.Model, name: str, value: float) -> None:
    if model.getSpecies(name):
        species = model.getSpecies(name)
        (species.setInitialAmount if species.getHasOnlySubstanceUnits() else species.setInitialConcentration)(value)
    elif model.getCompartment(name):
        model.getCompartment(name).setSize(value)
    else:
        model.getParameter(name).setValue(value)


def _run(runner: roadrunner.RoadRunner, until: float, since: float = 0.0) -> None:
    runner.simulate(since, until, 2)
