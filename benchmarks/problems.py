"""What is simulated. Chosen from outside: every PEtab problem at hand, small models, and files that are named.

Besides: two cell lines of the circuit under trastuzumab and the exported main experiment.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import libsbml
import numpy as np
import yaml

import pathway
from pathway.api.export import export
from pathway.equations import Model
from pathway.expressions import postorder
from pathway.formats.sbml import load_sbml, read_sbml
from pathway.formats.sbml.export import sbml_text
from pathway.scenario.built_in import built_in_laboratory
from pathway.units import conversion_factor

COLLECTION = Path(
    os.environ.get("PETAB_BENCHMARKS", Path(__file__).resolve().parents[2] / "shared/conformance/petab-benchmarks")
)
SPREAD = 0.3
"""Standard deviation of the logarithm of members' parameters."""

INTERVALS = 101
"""Prime: what happens at a round time falls on no recorded moment, where before and after would both be right."""

LARGE = 200
"""Species beyond which compiling a Python function of the equations takes minutes; ensembles are left out."""

SWITCHES = ("less", "less_equal", "equal", "not_equal", "piecewise", "floor", "ceil", "min", "max", "abs")


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
    source : str
        Where it comes from, for the table.
    """

    name: str
    model: Model
    times: np.ndarray
    sbml: Path
    varied: tuple[str, ...]
    directions: tuple[str, ...]
    source: str = ""
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

    @cached_property
    def quantities(self) -> list[tuple[str, str]]:
        """What each species is in the file: its name with "amount", "concentration", or "" for what is neither."""
        document = read_sbml(self.sbml)
        places: dict[str, tuple[str, str]] = {}
        for form, formulas in (("amount", document.amounts), ("concentration", document.concentrations)):
            for name, formula in formulas.items():
                if formula.operator == "symbol":
                    places.setdefault(str(formula.value), (name, form))
        return [places.get(name, (document.renamed.get(name, name), "")) for name in self.model.species]

    @property
    def large(self) -> bool:
        """Whether it is too large for some programs, and for ensembles here."""
        return len(self.model.species) > LARGE

    @cached_property
    def switches(self) -> int:
        """Comparisons and the like in the rates."""
        nodes = postorder(list(self.model.derivatives.values()))
        return sum(node.operator in SWITCHES for node in nodes)


def _times(end: float) -> np.ndarray:
    return np.linspace(0.0, end, INTERVALS + 1)


def _positive(model: Model, names: list[str]) -> tuple[str, ...]:
    return tuple(n for n in names if model.parameter_values[model.parameter_index(n)] > 0.0)


def _dimensional(model: Model) -> tuple[str, ...]:
    """Parameters with a unit: fractions and other plain numbers, drawn, would leave [0, 1]."""
    return _positive(model, [n for n in model.parameters if model.units.get(n, "1") != "1"])


def circuit(cells: str, folder: Path) -> Problem:
    """A cell line from its untreated steady state, 10 ug/mL trastuzumab at 0 h, 240 h."""
    model = pathway.load(cells)
    agent = built_in_laboratory().agents["trastuzumab"]
    assert agent.species is not None and agent.molar_mass is not None
    dose = 10.0 * conversion_factor("ug/mL", "g/L") / agent.molar_mass * conversion_factor("mol/L", agent.unit)
    start = model.initial_values.copy()
    start[model.species_index(agent.species)] += dose
    dosed = model.with_initial_values(start)
    path = folder / f"{cells}.xml"
    path.write_text(sbml_text(dosed), encoding="utf-8")
    varied = _dimensional(model)
    dimensional = [n for n in varied if n.startswith("k_")]
    source = "the circuit here, trastuzumab for 240 h"
    return Problem(cells, dosed, _times(240.0), path, varied, tuple(dimensional[:40]), source)


def main_experiment(folder: Path) -> Problem:
    """The main experiment's arm with trastuzumab, exported; its dose is an event."""
    path = folder / "main_experiment.xml"
    export("antimir21_resensitises", to="sbml", out=path, arm="trastuzumab", force=True)
    model = load_sbml(path)
    varied = _settable(path, _dimensional(model))
    return Problem("main_experiment", model, _times(240.0), path, varied, varied[:40], "exported here, dose as event")


def petab(file: Path, folder: Path) -> Problem:
    """A PEtab problem (version 1) at its nominal parameters, up to its last measurement, without preequilibration.

    Of its conditions the one with most measurements after the start in which anything moves, the first of equals.
    """
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    (listed,), named = content["problems"], content["parameter_file"]
    table = {row["parameterId"]: row for row in _rows(file, [named] if isinstance(named, str) else named)}
    measured = [
        (row["simulationConditionId"], float(row["time"]))
        for row in _rows(file, listed["measurement_files"])
        if 0.0 < float(row["time"]) < np.inf
    ]
    values = {key: float(row["nominalValue"]) for key, row in table.items() if row.get("nominalValue")}
    conditions = {row["conditionId"]: row for row in _rows(file, listed["condition_files"])}
    (sbml,) = listed["sbml_files"]
    path = folder / f"{file.stem}.xml"
    for condition, _ in Counter(name for name, _ in measured).most_common():
        _patch(file.parent / sbml, path, values, conditions[condition])
        model = load_sbml(path)
        end = max(time for name, time in measured if name == condition)
        if _moves(model, end):
            break
    estimated = [key for key, row in table.items() if row["estimate"] == "1" and key in model.parameters]
    varied = _settable(path, _positive(model, estimated))
    return Problem(file.stem, model, _times(end), path, varied, tuple(estimated), f"PEtab, condition {condition}")


def _moves(model: Model, end: float) -> bool:
    """Whether any species changes by more than a thousandth of its largest value."""
    values = pathway.simulate(model, _times(end)).values
    return bool(np.any(np.ptp(values, axis=0) > 1e-3 * np.abs(values).max(axis=0)))


def _rows(file: Path, names: list[str]) -> list[dict[str, str]]:
    rows = []
    for name in names:
        with (file.parent / name).open(newline="", encoding="utf-8") as table:
            rows += csv.DictReader(table, delimiter="\t")
    return rows


def _patch(source: Path, target: Path, nominal: Mapping[str, float], changes: Mapping[str, str]) -> None:
    """Write the file with numbers put in for parameters, species and compartments."""
    document = libsbml.readSBMLFromFile(str(source))
    model = document.getModel()
    values = dict(nominal)
    for name, text in changes.items():
        if name in ("conditionId", "conditionName") or not text:
            continue
        own = model.getParameter(text)
        values[name] = nominal[text] if text in nominal else float(text if own is None else own.getValue())
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


def _settable(path: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are parameters of the file with a plain number, which every program can set."""
    model = libsbml.readSBMLFromFile(str(path)).getModel()
    free = {p.getId() for p in model.getListOfParameters() if model.getRule(p.getId()) is None}
    free -= {assignment.getSymbol() for assignment in model.getListOfInitialAssignments()}
    # Some programs take conversion factors into the equations when they read the file.
    free -= {model.getConversionFactor(), *(species.getConversionFactor() for species in model.getListOfSpecies())}
    return tuple(name for name in names if name in free)


def sbml_file(path: Path, until: float, source: str = "") -> Problem:
    """Any model, as it stands in its file; members draw all its positive constant parameters."""
    model = load_sbml(path)
    varied = _settable(path, _positive(model, list(model.parameters)))
    return Problem(path.stem, model, _times(until), path, varied, varied, source or "a file that was named")


def _small(name: str, folder: Path) -> Problem:
    from .small import MODELS

    model, end, source = MODELS[name]()
    path = folder / f"{name}.xml"
    path.write_text(sbml_text(model), encoding="utf-8")
    fixed = ("n", "ratio")  # exponents and volumes are not drawn
    varied = tuple(parameter for parameter in model.parameters if parameter not in fixed)
    return Problem(name, model, _times(end), path, varied, varied, source)


def known() -> dict[str, Callable[[Path], Problem]]:
    """Makers of all problems at hand, by name; each takes the folder for its files."""
    from .small import MODELS

    files = sorted(COLLECTION.glob("*/*.yaml")) if COLLECTION.is_dir() else []
    makers: dict[str, Callable[[Path], Problem]] = {file.stem: partial(petab, file) for file in files}
    makers |= {name: partial(_small, name) for name in MODELS}
    makers |= {cells: partial(circuit, cells) for cells in ("bt474", "bt474_resistant")}
    return makers | {"main_experiment": main_experiment}


def problem(name: str, folder: Path, until: float | None = None) -> Problem:
    """One of `known`, a PEtab file (.yaml), or an SBML file, which is run from 0 `until` a time.

    Raises
    ------
    ValueError
        If there is no such problem, or a file comes without an end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return petab(path, folder)
    if path.suffix in (".xml", ".sbml"):
        if until is None:
            raise ValueError(f"{name}: --until says how long a file is run")
        return sbml_file(path, until)
    makers = known()
    if name not in makers:
        raise ValueError(f"no problem is called '{name}'; there are {', '.join(makers)}, and files (.xml, .yaml)")
    return makers[name](folder)
