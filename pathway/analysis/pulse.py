"""A pulse of anti-miR: does it flip the cells for good? If nothing can be flipped, how far and how long does it act?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pathway.scenario.laboratory import Laboratory
from pathway.simulation import Intervention, simulate_ensemble

AGENT = "anti-miR-21 (transfected)"
_DOSES = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 35.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
BACK = 0.05
"""A reading is back at rest within this share of it."""


def minimal_pulse(
    laboratory: Laboratory,
    parameters: np.ndarray,
    resistant: np.ndarray,
    sensitive: np.ndarray,
    *,
    highest: float = 1000.0,
    wait: float = 3000.0,
) -> float | None:
    """The smallest single dose of anti-miR, in nM, after which cells in the resistant state stay sensitive.

    Parameters
    ----------
    resistant, sensitive : array, shape (n_species,)
        The two stable states.
    highest : float
        Largest dose tried.
    wait : float, hours
        After which it is asked where the cells went.

    Returns
    -------
    float or None
        None if even the highest dose does not do it.
    """
    model, species = laboratory.model, laboratory.agents[AGENT].species
    assert species is not None
    place = model.species_index("miR21_RISC")

    def flips(dose: float) -> bool:
        plan = [Intervention(0.0, add={species: dose})]
        run = simulate_ensemble(model, [0.0, wait], parameters[None], initial=resistant, interventions=plan)
        end = run.values[0, -1, place]
        return abs(np.log(end / sensitive[place])) < abs(np.log(end / resistant[place]))

    if not flips(highest):
        return None
    low, high = np.log(1e-3), np.log(highest)
    while high - low > 0.02:
        middle = (low + high) / 2.0
        low, high = (low, middle) if flips(float(np.exp(middle))) else (middle, high)
    return float(np.exp(high))


@dataclass(frozen=True, eq=False)
class PulseCourse:
    """What single doses do to cells with one stable state, until they are back.

    Attributes
    ----------
    doses : array, shape (k,), nM
    lowest : array, shape (k,)
        Free miR-21 at its lowest, per resting level.
    highest : array, shape (k,)
        PTEN at its highest, per parental level.
    back : array, shape (k,), hours
        When free miR-21 is back within `BACK` of its resting level for good; nan if not within the time followed.
    restoring : float or None
        The smallest dose, in nM, that brings PTEN to its parental level at all; 0 if it is there at rest, None if no
        dose tried does.
    """

    doses: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    back: np.ndarray
    restoring: float | None

    def text(self) -> str:
        """The finding in sentences."""
        k = int(np.argmin(np.abs(np.log(self.doses / 50.0))))
        text = f"With one stable state no pulse flips anything for good: after {self.doses[k]:g} nM anti-miR-21, free "
        text += f"miR-21 falls to {self.lowest[k]:.2g} of its resting level"
        text += (
            f" and is back after {self.back[k]:.0f} h." if np.isfinite(self.back[k]) else " and is not back in time."
        )
        if self.restoring:
            text += (
                f" The smallest pulse that brings PTEN to the parental level, for a while, is {self.restoring:.2g} nM."
            )
        elif self.restoring is None:
            text += f" No pulse up to {self.doses[-1]:g} nM brings PTEN to the parental level."
        return text

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "doses": self.doses.tolist(),
            "unit": "nM",
            "lowest_miR21": self.lowest.tolist(),
            "highest_PTEN": self.highest.tolist(),
            "back_after": [None if np.isnan(time) else float(time) for time in self.back],
            "time_unit": "h",
            "restoring_dose": self.restoring,
        }


def pulse_course(
    laboratory: Laboratory,
    parameters: np.ndarray,
    state: np.ndarray,
    doses: Sequence[float] | None = None,
    hours: float = 2000.0,
) -> PulseCourse:
    """Single doses of anti-miR to cells at rest, followed until their effect is gone.

    Parameters
    ----------
    laboratory : Laboratory
    parameters : array, shape (n_parameters,)
    state : array, shape (n_species,)
        At rest.
    doses : sequence of float, optional
        nM, ascending; 0.5 to 1000 unless given.
    hours : float
        How long they are followed.
    """
    species = laboratory.agents[AGENT].species
    assert species is not None
    tried = np.asarray(_DOSES if doses is None else doses, dtype=float)
    times = np.linspace(0.0, hours, 501)
    run = simulate_ensemble(
        laboratory.model, times, np.tile(parameters, (len(tried), 1)), initial=state,
        interventions=[[Intervention(0.0, add={species: float(dose)})] for dose in tried],
        observables=("miR21_free", "PTEN"),
    )  # fmt: skip
    rest = run["miR21_free"][:, :1]
    away = np.abs(run["miR21_free"] / rest - 1.0) > BACK
    last = np.where(away.any(axis=1), away.shape[1] - 1 - away[:, ::-1].argmax(axis=1), 0)
    back = np.where(last < len(times) - 1, times[np.minimum(last + 1, len(times) - 1)], np.nan)
    highest = run["PTEN"].max(axis=1)
    return PulseCourse(tried, (run["miR21_free"] / rest).min(axis=1), highest, back, _restoring(tried, highest, run))


def _restoring(doses: np.ndarray, highest: np.ndarray, run: Any) -> float | None:
    """The dose at which the highest PTEN passes the parental level, between the doses tried."""
    if run["PTEN"][0, 0] >= 1.0:
        return 0.0
    if not (highest >= 1.0).any():
        return None
    k = int(np.argmax(highest >= 1.0))
    if k == 0:
        return float(doses[0])
    return float(np.exp(np.interp(1.0, highest[k - 1 : k + 1], np.log(doses[k - 1 : k + 1]))))
