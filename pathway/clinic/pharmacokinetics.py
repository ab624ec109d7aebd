"""Concentrations of trastuzumab in women, by the same engine as the circuit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from pathway import parameters
from pathway.equations import Model, network_model
from pathway.network.pharmacokinetics import trastuzumab_pharmacokinetics
from pathway.simulation import simulate_ensemble

from .schedule import Infusion, infusion_interventions

PLASMA, TUMOR = "plasma_concentration", "trastuzumab"
"""What is read: mg/L in plasma, nM in the interstitium of the tumor."""

RELATIVE_TOLERANCE = 1e-8


@cache
def pharmacokinetic_model() -> Model:
    """Trastuzumab in a typical woman."""
    values = {name: entry.value for name, entry in parameters.pharmacokinetic_entries().items()}
    return network_model("pharmacokinetics of trastuzumab", trastuzumab_pharmacokinetics(), values)


def concentrations(
    infusions: Sequence[Infusion],
    times: np.ndarray,
    values: np.ndarray | None = None,
    observables: Sequence[str] = (PLASMA,),
) -> np.ndarray:
    """Trastuzumab over time in each woman.

    Parameters
    ----------
    infusions : sequence of Infusion
    times : array, shape (n_times,), hours
        Increasing, from 0 on.
    values : array, shape (n_women, n_parameters), optional
        Of `pharmacokinetic_model`; default: the typical woman alone.
    observables : sequence of str

    Returns
    -------
    array, shape (n_women, n_times, n_observables)

    Raises
    ------
    SimulationError
        If a woman's course cannot be computed.
    """
    model = pharmacokinetic_model()
    rows = model.parameter_values[None] if values is None else values
    end = times[-1]
    courses = simulate_ensemble(
        model,
        times,
        rows,
        interventions=[step for step in infusion_interventions(infusions) if step.time <= end],
        observables=tuple(observables),
        start=0.0,
        relative_tolerance=RELATIVE_TOLERANCE,
        absolute_tolerance=1e-9,
        workers=1,
    )
    for error in courses.failures.values():
        raise error
    return courses.values
