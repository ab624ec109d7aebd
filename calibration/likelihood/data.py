"""What is measured, and what of the circuit it is compared with: arms, readings, data, groups of data.

A *datum* is one measured number with its own error, the readings of the circuit that it is compared with, and how
these become the number (`noise.SCALES`). Data of one blot, plate or run form a *group*: what all of them share (an
unknown gain, the error of the one control, the offset of an assay) is marginalized in closed form (`noise.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

STARVATION = 24.0
"""Hours without serum before a ligand, in every ligand paper at hand (recalled: overnight to 24 h)."""

FULL, STARVED = "full", "serum-free"


@dataclass(frozen=True)
class Step:
    """Some hours of an experiment; what is given is given at their beginning.

    Attributes
    ----------
    hours : float
    medium : str
        "full" or "serum-free".
    add : tuple of (species, amount, nuisance)
        Amount in the unit of the species; times the nuisance parameter's value where one is named.
    scale : tuple of (name, nuisance)
        What a knock-down multiplies: a parameter from then on, a species once.
    """

    hours: float
    medium: str = FULL
    add: tuple[tuple[str, float, str], ...] = ()
    scale: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Arm:
    """Cells of a line from their untreated rest through some steps; no step: cells at rest."""

    line: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Reading:
    """A quantity at a time after the beginning of an arm's last step (h)."""

    arm: Arm
    quantity: str
    time: float = 0.0


@dataclass(frozen=True)
class Datum:
    """One measured number.

    Attributes
    ----------
    set, line : str
        The line's file name in `pathway/parameters/cells`; "" where several lines make one number.
    kind : str
        Whose discrepancy is added to the error.
    group : str
        Data of one group share an offset, and a gain where the set says so.
    label : str
        What was done, for tables.
    quantity : str
    time : float, h
    value, error : float
        On the scale; the error is a standard deviation.
    scale : str
        Key of `noise.SCALES`: how readings become the number.
    readings : tuple of Reading
    background : str
        Nuisance parameter: share of the untreated signal that is background; "" for none.
    background_most : float
        What the nuisance is multiplied by.
    factor : float
        Divisions of the untreated cells in an assay of growth.
    factor_nuisance : str
        Nuisance parameter that the factor is multiplied by; "" for none.
    """

    set: str
    line: str
    kind: str
    group: str
    label: str
    quantity: str
    time: float
    value: float
    error: float
    scale: str
    readings: tuple[Reading, ...]
    background: str = ""
    background_most: float = 1.0
    factor: float = 1.0
    factor_nuisance: str = ""


@dataclass(frozen=True)
class Group:
    """What the data of a group share, marginalized over normal distributions.

    Attributes
    ----------
    offset : float
        Standard deviation of an offset around 0.
    gain : float
        Standard deviation of a gain around 1.
    scaled : bool
        Whether the data are scaled to 0-1 over the group, and the model has to be.
    """

    offset: float
    gain: float = 0.0
    scaled: bool = False


@dataclass(frozen=True)
class DataSet:
    """A set that is at hand.

    Attributes
    ----------
    name, licence : str
    ships : bool
        Whether its licence lets it ship.
    data : tuple of Datum
    groups : mapping of group name to Group
    digest : str
        SHA-256 of its files.
    """

    name: str
    licence: str
    ships: bool
    data: tuple[Datum, ...]
    groups: dict[str, Group] = field(default_factory=dict)
    digest: str = ""
