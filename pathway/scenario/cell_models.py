"""Models of cell lines by their name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pathway.equations import Model
from pathway.parameters import cell_lines, name_as_known
from pathway.simulation import steady_state

from .built_in import cell_line_values, circuit_model, minimal_model


def load_cells(name: str) -> Model:
    """A cell line's model, at rest: its initial values are the untreated steady state.

    Parameters
    ----------
    name : str
        A built-in line, "minimal" (the five-state teaching model), or the path of a TOML file that describes a line.
    """
    if name == "minimal":
        model = minimal_model()
        return model.with_initial_values(steady_state(model))
    name = name_as_known(name, cell_lines())
    path = Path(name)
    folder = path.parent if name.endswith(".toml") else Path()
    values = cell_line_values(path.name if name.endswith(".toml") else name, folder)
    model = circuit_model()
    state = steady_state(model, values)
    # Named after the line; a model of its own, since the caller may change it.
    return replace(model, name=path.stem, parameter_values=values).with_initial_values(state)
