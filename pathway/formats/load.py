"""`pathway.load`: a model by the name of a cell line or the path of a file."""

from __future__ import annotations

from pathlib import Path

from pathway.equations import Model
from pathway.errors import InputError, public_function

from .errors import FormatError
from .sbml import SbmlModel, read_sbml

SBML = (".xml", ".sbml")
ANTIMONY = (".ant", ".antimony", ".txt")


@public_function
def load(name_or_path: str | Path) -> Model:
    """A model, ready to be simulated.

    Parameters
    ----------
    name_or_path : str or Path
        A built-in cell line ("bt474_resistant"), a TOML file that describes one, or an SBML (.xml, .sbml) or Antimony
        (.ant, .txt) file.

    Returns
    -------
    Model
        `initial_values` of a cell line are its untreated steady state; of a file, what the file says.

    Raises
    ------
    KeyError
        If no cell line has this name; the nearest ones are named.
    FileNotFoundError
    FormatError, ParameterError
        If the file is wrong.

    Examples
    --------
    >>> import pathway
    >>> pathway.load("BT-474")
    <Model 'bt474': 76 species, 194 parameters, 20 observables, time in h>
    """
    if not isinstance(name_or_path, str | Path):
        kind = type(name_or_path).__name__
        raise InputError(f"load: expected a cell line such as 'bt474' or a file, got {kind}")
    text = str(name_or_path)
    ending = Path(text).suffix.lower()
    if ending in (*SBML, *ANTIMONY, ".toml") and not Path(text).is_file():
        raise FileNotFoundError(f"there is no file '{text}'")
    if ending in (*SBML, *ANTIMONY):
        return read_model_file(text).model
    from pathway.scenario.cell_models import load_cells

    return load_cells(text)


def read_model_file(path: str | Path) -> SbmlModel:
    """A model from an SBML or Antimony file, with both forms (amount, concentration) of its species.

    Raises
    ------
    FormatError
        If the ending is none of the known ones, or the file cannot be used; one line.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending in SBML:
        return read_sbml(path)
    if ending in ANTIMONY:
        from .antimony import read_antimony

        return read_antimony(path)
    raise FormatError(f"{path}: a model file ends in {', '.join((*SBML, *ANTIMONY))}, not in '{ending}'")
