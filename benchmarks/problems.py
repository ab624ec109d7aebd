"""What is simulated: two cell lines of the circuit under trastuzumab, models of the PEtab collection, small ones."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import libsbml
import numpy as np

import pathway
from pathway.equations import Model
from pathway.formats.sbml import load_sbml
from pathway.formats.sbml.export import sbml_text
from pathway.scenario.built_in import built_in_laboratory
from pathway.units import conversion_factor

COLLECTION = Path(
    os.environ.get("PETAB_BENCHMARKS", Path(__file__).resolve().parents[2] / "shared/conformance/petab-benchmarks")
)
SPREAD = 0.3
"""Standard deviation of the logarithm of members' parameters."""


@dataclass(frozen=True, eq=False)
class Problem:
    """A model with numbers, the moments to record, and the same thing as an SBML file for the peers.

    Attributes
    ----------
    name : str
    model : Model
    times : array
        Evenly spaced from 0, all recorded.
    sbml : Path
    varied : tuple of str
        Parameters that members draw.
    directions : tuple of str
        Parameters of the run with sensitivities.
    """

    name: str
    model: Model
    times: np.ndarray
    sbml: Path
    varied: tuple[str, ...]
    directions: tuple[str, ...]
    notes: str = ""
    _members: dict[int, np.ndarray] = field(default_factory=dict)

    def members(self, count: int) -> np.ndarray:
        """Parameters of the members, shape (count, n_parameters): the varied ones times exp(SPREAD z)."""
        if count not in self._members:
            random = np.random.default_rng(20240521)
            drawn = np.repeat(self.model.parameter_values[None], count, axis=0)
            columns = [self.model.parameter_index(name) for name in self.varied]
            drawn[:, columns] *= np.exp(SPREAD * random.standard_normal((count, len(columns))))
            self._members[count] = drawn
        return self._members[count]


def circuit(cells: str, folder: Path) -> Problem:
    """A cell line from its untreated steady state, 10 ug/mL trastuzumab at 0 h, 240 h, 100 intervals."""
    model = pathway.load(cells)
    agent = built_in_laboratory().agents["trastuzumab"]
    assert agent.species is not None and agent.molar_mass is not None
    dose = 10.0 * conversion_factor("ug/mL", "g/L") / agent.molar_mass * conversion_factor("mol/L", agent.unit)
    start = model.initial_values.copy()
    start[model.species_index(agent.species)] += dose
    dosed = model.with_initial_values(start)
    path = folder / f"{cells}.xml"
    path.write_text(sbml_text(dosed), encoding="utf-8")
    # Fractions and other plain numbers stay: drawn, they would leave [0, 1].
    varied = tuple(n for n in model.parameters if model.units.get(n, "1") != "1" and _positive(model, n))
    dimensional = [n for n in varied if n.startswith("k_")]
    return Problem(cells, dosed, np.linspace(0.0, 240.0, 101), path, varied, tuple(dimensional[:40]))


def _positive(model: Model, name: str) -> bool:
    return bool(model.parameter_values[model.parameter_index(name)] > 0.0)


def published(name: str, condition: str, folder: Path) -> Problem:
    """A PEtab problem at its nominal parameters under one condition, 51 times up to its last measurement."""
    where = next(COLLECTION.glob(f"{name}_*"))
    table = {row["parameterId"]: row for row in _rows(where, "parameters")}
    conditions = {row["conditionId"]: row for row in _rows(where, "experimentalCondition")}
    end = max(
        float(row["time"])
        for row in _rows(where, "measurementData")
        if row["simulationConditionId"] == condition and np.isfinite(float(row["time"]))
    )
    values = {key: float(row["nominalValue"]) for key, row in table.items()}
    for target, text in conditions[condition].items():
        if target not in ("conditionId", "conditionName") and text:
            values[target] = values[text] if text in values else float(text)
    path = folder / f"{name}.xml"
    _patch(next(where.glob("model_*.xml")), path, values)
    model = load_sbml(path)
    estimated = [key for key, row in table.items() if row["estimate"] == "1" and key in model.parameters]
    varied = tuple(key for key in estimated if _positive(model, key))
    return Problem(name, model, np.linspace(0.0, end, 51), path, varied, tuple(estimated))


def _rows(folder: Path, kind: str) -> list[dict[str, str]]:
    with next(folder.glob(f"{kind}_*.tsv")).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _patch(source: Path, target: Path, values: dict[str, float]) -> None:
    """Write the file with numbers put in for parameters, species and compartments."""
    document = libsbml.readSBMLFromFile(str(source))
    model = document.getModel()
    for name, value in values.items():
        if (parameter := model.getParameter(name)) is not None:
            parameter.setValue(value)
        elif (compartment := model.getCompartment(name)) is not None:
            compartment.setSize(value)
        elif (species := model.getSpecies(name)) is not None:
            (species.setInitialAmount if species.getHasOnlySubstanceUnits() else species.setInitialConcentration)(value)
        else:
            continue
        if model.getInitialAssignment(name) is not None:
            model.removeInitialAssignment(name)
    libsbml.writeSBMLToFile(document, str(target))


CONDITIONS = {"Boehm": "model1_data1", "Bachmann": "model1_data1", "Lucarelli": "model1_data3", "Chen": "model1_data1"}
SMALL = ("repressilator", "cell_cycle", "calcium")
NAMES = ("bt474", "bt474_resistant", "Bachmann", "Lucarelli", "Chen", "Boehm", *SMALL)


@cache
def problem(name: str, folder: Path) -> Problem:
    """One of `NAMES`."""
    from .small import small_problem

    folder.mkdir(parents=True, exist_ok=True)
    if name in SMALL:
        return small_problem(name, folder)
    return published(name, CONDITIONS[name], folder) if name in CONDITIONS else circuit(name, folder)
