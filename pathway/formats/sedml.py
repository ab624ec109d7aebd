"""SED-ML Level 1 Version 4: which model is run how, and what is reported.

Each arm is a model file of its own with its doses inside, so nothing depends on the order of changes. Each period
between two doses is one uniform time course; all start at time 0 and report their own window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

from .errors import FormatError
from .experiment import ExportedModel, identifier
from .sbml.export import sbml_text

NAMESPACE = "http://sed-ml.org/sed-ml/level1/version4"
SBML_NAMESPACE = "http://www.sbml.org/sbml/level3/version2/core"
MATHML = "http://www.w3.org/1998/Math/MathML"
CVODE, RELATIVE, ABSOLUTE = "KISAO:0000019", "KISAO:0000209", "KISAO:0000211"
STEP_LIMIT = "KISAO:0000415"

Node = ElementTree.Element


def sedml_files(experiments: Sequence[ExportedModel], name: str) -> dict[str, str]:
    """The SED-ML file and the model files it names: {file name: text}, the SED-ML file first.

    Parameters
    ----------
    experiments : sequence of ExportedModel
        The arms of a scenario.
    name : str
        The scenario's.

    Raises
    ------
    FormatError
        If an experiment has no times: a cell line alone is not something to run.
    """
    for experiment in experiments:
        if len(experiment.times) < 2:
            raise FormatError(f"'{experiment.name}' is a model without an experiment; SED-ML needs a scenario")
    models = {f"{e.name}.xml": sbml_text(e.model, doses=e.doses, notes=e.notes) for e in experiments}
    return {f"{identifier(name)}.sedml": _document(experiments, models), **models}


def _document(experiments: Sequence[ExportedModel], models: dict[str, str]) -> str:
    root = ElementTree.Element(
        "sedML", {"xmlns": NAMESPACE, "xmlns:sbml": SBML_NAMESPACE, "level": "1", "version": "4"}
    )
    parts = {
        part: ElementTree.SubElement(root, f"listOf{part}")
        for part in ("Models", "Simulations", "Tasks", "DataGenerators", "Outputs")
    }
    for experiment, source in zip(experiments, models, strict=True):
        _add_model(parts["Models"], experiment, source)
        targets = _targets(experiment, models[source])
        for number, (start, end) in enumerate(pairwise(experiment.times), start=1):
            task = f"task_{experiment.name}_{number}"
            _add_time_course(parts["Simulations"], f"course_{experiment.name}_{number}", experiment, start, end)
            _add(
                parts["Tasks"],
                "task",
                id=task,
                modelReference=experiment.name,
                simulationReference=f"course_{experiment.name}_{number}",
            )
            generators = list(_add_generators(parts["DataGenerators"], task, targets))
            _add_report(parts["Outputs"], f"report_{experiment.name}_{number}", experiment, generators)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add(parent: Node, tag: str, **attributes: str) -> Node:
    return ElementTree.SubElement(parent, tag, attributes)


def _add_model(parent: Node, experiment: ExportedModel, source: str) -> None:
    language = "urn:sedml:language:sbml.level-3.version-2"
    _add(parent, "model", id=experiment.name, name=experiment.notes.title, language=language, source=source)


def _add_time_course(parent: Node, name: str, experiment: ExportedModel, start: float, end: float) -> None:
    steps = max(1, round((end - start) / experiment.record_every)) if experiment.record_every else 100
    course = _add(
        parent,
        "uniformTimeCourse",
        id=name,
        initialTime="0",
        outputStartTime=f"{start:.17g}",
        outputEndTime=f"{end:.17g}",
        numberOfSteps=str(steps),
    )
    algorithm = _add(course, "algorithm", kisaoID=CVODE, name="CVODE")
    settings = _add(algorithm, "listOfAlgorithmParameters")
    _add(settings, "algorithmParameter", kisaoID=RELATIVE, name="relative tolerance", value="1e-09")
    _add(settings, "algorithmParameter", kisaoID=ABSOLUTE, name="absolute tolerance", value="1e-12")
    _add(settings, "algorithmParameter", kisaoID=STEP_LIMIT, name="maximum number of steps", value="1000000")


def _targets(experiment: ExportedModel, text: str) -> dict[str, str]:
    """The place of each reported quantity in the model file, as XPath."""
    import libsbml

    document = libsbml.readSBMLFromString(text)
    model: Any = document.getModel()
    targets = {}
    for name in experiment.observables or experiment.model.species:
        part = "Species/sbml:species" if model.getSpecies(name) is not None else "Parameters/sbml:parameter"
        targets[name] = f"/sbml:sbml/sbml:model/sbml:listOf{part}[@id='{name}']"
    return targets


def _add_generators(parent: Node, task: str, targets: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Time and each quantity of one task; gives (identifier, label)."""
    yield _add_generator(parent, task, "time", {"symbol": "urn:sedml:symbol:time"})
    for name, target in targets.items():
        yield _add_generator(parent, task, name, {"target": target})


def _add_generator(parent: Node, task: str, name: str, where: dict[str, str]) -> tuple[str, str]:
    generator_id = f"data_{task}_{name}"
    generator = _add(parent, "dataGenerator", id=generator_id, name=name)
    variables = _add(generator, "listOfVariables")
    _add(variables, "variable", id=f"{generator_id}_value", name=name, taskReference=task, **where)
    formula = _add(generator, "math", xmlns=MATHML)
    _add(formula, "ci").text = f" {generator_id}_value "
    return generator_id, name


def _add_report(parent: Node, name: str, experiment: ExportedModel, generators: list[tuple[str, str]]) -> None:
    report = _add(parent, "report", id=name, name=experiment.notes.title)
    sets = _add(report, "listOfDataSets")
    for generator, label in generators:
        unit = experiment.model.time_unit if label == "time" else experiment.model.units.get(label, "")
        shown = f"{label} [{unit}]" if unit else label
        _add(sets, "dataSet", id=f"{name}_{label}", label=shown, dataReference=generator)
