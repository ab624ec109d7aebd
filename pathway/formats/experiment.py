"""Scenarios and cell lines as models with doses: what every written format starts from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pathway.equations import Model
from pathway.errors import did_you_mean
from pathway.simulation import Intervention

from .errors import FormatError
from .load import ANTIMONY, SBML, load
from .sbml.notes import ModelNotes, Note, functional_terms, reaction_term, species_term

TAXON = "taxonomy:9606"
LICENSE = "The model file may be used without restriction (CC0-1.0)."


@dataclass(frozen=True, eq=False)
class ExportedModel:
    """One model with what is done to it; time starts at 0.

    Attributes
    ----------
    name : str
    model : Model
        At the start: its initial values are numbers.
    doses : tuple of Intervention
    times : tuple of float
        Start, moments at which something is done, and end; empty where only a model is asked for.
    record_every : float
    observables : tuple of str
        What is worth reporting.
    arm : str
        Its name in the scenario; "" for a model.
    notes : ModelNotes
    """

    name: str
    model: Model
    doses: tuple[Intervention, ...] = ()
    times: tuple[float, ...] = ()
    record_every: float = 0.0
    observables: tuple[str, ...] = ()
    arm: str = ""
    notes: ModelNotes = field(default_factory=ModelNotes)


def exported_models(name: str, arm: str | None = None) -> list[ExportedModel]:
    """What a name stands for: a model file, a cell line, or a scenario with all its arms (or one).

    Parameters
    ----------
    name : str
        A scenario's name or file, a cell line's name, or a model file.
    arm : str, optional
        Of a scenario.

    Raises
    ------
    FormatError, ScenarioError
        If nothing has this name, the file is wrong, or an arm is asked for where there is none.
    """
    from pathway.parameters import cell_lines, is_cell_line_file, name_as_known
    from pathway.scenario import read_scenario, scenario_names

    name = name_as_known(name, cell_lines())
    ending = Path(name).suffix.lower()
    if ending in (*SBML, *ANTIMONY) or name in cell_lines() or is_cell_line_file(Path(name)):
        if arm is not None:
            raise FormatError(f"'{name}' is a model, not a scenario: it has no arm '{arm}'")
        model = load(name)
        return [
            ExportedModel(model.name, model, notes=ModelNotes() if ending in (*SBML, *ANTIMONY) else circuit_notes())
        ]
    if ending != ".toml" and name not in scenario_names():
        hint = did_you_mean(name, [*scenario_names(), *cell_lines()])
        raise FormatError(f"no scenario, cell line or model file is called '{name}'.{hint}")
    return exported_arms(read_scenario(name), arm)


def exported_arms(scenario: object, arm: str | None = None) -> list[ExportedModel]:
    """Every arm of a scenario (or one) as an experiment of its own, from its first pre-treatment on."""
    from pathway.scenario import built_in_laboratory
    from pathway.scenario.arms import arm_setups
    from pathway.scenario.experiment import Scenario

    assert isinstance(scenario, Scenario)
    if arm is not None and arm not in [a.name for a in scenario.arms]:
        names = ", ".join(f"'{a.name}'" for a in scenario.arms)
        raise FormatError(f"scenario '{scenario.name}' has no arm '{arm}'; its arms: {names}")
    laboratory = built_in_laboratory()
    chosen = [a for a in scenario.arms if arm is None or a.name == arm]
    experiments = []
    for setup in arm_setups(scenario, chosen, laboratory):
        doses = tuple(replace(dose, time=dose.time - scenario.start) for dose in setup.interventions)
        moments = {0.0, scenario.end - scenario.start, -scenario.start, *(dose.time for dose in doses)}
        name = f"{scenario.name}_{identifier(setup.arm.name)}"
        model = replace(laboratory.model, name=name, parameter_values=setup.parameters)
        shift = f" Time 0 of this file is {scenario.start:g} h of the scenario." if scenario.start else ""
        title = f"{scenario.title}. Arm: {setup.arm.name}.{shift}"
        experiments.append(
            ExportedModel(
                name=name,
                model=model.with_initial_values(setup.state),
                doses=tuple(dose for dose in doses if dose.time >= 0.0),
                times=tuple(sorted(t for t in moments if t <= scenario.end - scenario.start)),
                record_every=scenario.record_every,
                observables=scenario.observables,
                arm=setup.arm.name,
                notes=replace(circuit_notes(), title=title),
            )
        )
    return experiments


def identifier(text: str) -> str:
    """The text with everything but letters, digits and underscores replaced."""
    return re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_") or "arm"


def circuit_notes() -> ModelNotes:
    """SBO terms, database identifiers and sources of everything in the circuit."""
    from pathway.network import circuit
    from pathway.parameters import reference_entries, sources

    network = circuit()
    known = {key: _source_identifiers(source.where) for key, source in sources().items()}
    notes: dict[str, Note] = {}
    for species in network.species:
        identities = (species.same_as,) if species.same_as else ()
        kinds = functional_terms(species.same_as)
        notes[species.name] = Note(species_term(species.same_as), identities, kinds, words=species.meaning)
    for name, entry in reference_entries().items():
        notes[name] = Note(sources=known.get(entry.source or "", ()))
    for parameter in network.parameters:
        notes[parameter.name] = replace(notes.get(parameter.name, Note()), words=parameter.meaning)
    for quantity in network.quantities:
        notes[quantity.name] = Note(words=quantity.meaning, sources=known.get(quantity.source, ()))
    for observable in network.observables:
        notes.setdefault(observable.name, Note(words=observable.meaning))
    reactions = {
        r.name: Note(reaction_term(r.name), sources=known.get(r.source, ()), words=r.assumption)
        for r in network.reactions
    }
    return ModelNotes(notes, reactions, TAXON, "The miR-21 / PTEN / HER2 circuit.", LICENSE)


def _source_identifiers(where: str) -> tuple[str, ...]:
    """DOI and PubMed numbers in the text that says where a source is found."""
    identifiers = [f"doi:{text.rstrip('.,;)')}" for text in re.findall(r"\b10\.\d{4,9}/\S+", where)]
    identifiers += [f"pubmed:{number}" for number in re.findall(r"PMID[:\s]*(\d+)", where)]
    return tuple(identifiers)


def only_model(experiments: Sequence[ExportedModel], what: str) -> ExportedModel:
    """The one experiment there is.

    Raises
    ------
    FormatError
        If there are several, with the names of the arms.
    """
    if len(experiments) != 1:
        names = ", ".join(f"'{e.arm or e.name}'" for e in experiments)
        raise FormatError(f"{what} holds one arm; choose it with --arm: {names}")
    return experiments[0]
