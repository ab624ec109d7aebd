"""Small ensembles of parameter sets, drawn from the ranges of the numbers, for tests of what reads them."""

from __future__ import annotations

import numpy as np

from pathway import parameters
from pathway.parameters.parameter_ensemble import ParameterEnsemble

SET_BY_SCENARIOS = ("scenario", parameters.ANCHORED)


def drawn_ensemble(count: int, seed: int = 1, spread: float = 1.0) -> ParameterEnsemble:
    """Members around the chosen numbers: each number moved towards a place in its range by a share `spread`."""
    random = np.random.default_rng(seed)
    entries = {n: e for n, e in parameters.reference().items() if e.source not in SET_BY_SCENARIOS}
    for line in map(parameters.cell_line, parameters.cell_lines()):
        own = {n: line.entries[n] for n in sorted(line.own)}
        entries |= {f"{line.name}.{n}": e for n, e in own.items() if e.source not in SET_BY_SCENARIOS}
    columns = []
    for entry in entries.values():
        low, high = entry.range
        place = random.random(count)
        if low > 0.0 and entry.value > 0.0:
            drawn = low * (high / low) ** place
            columns.append(entry.value * (drawn / entry.value) ** spread)
        else:
            columns.append(entry.value + spread * (low + place * (high - low) - entry.value))
    weights = random.random((2, count))
    weights /= weights.sum(axis=1, keepdims=True)
    return ParameterEnsemble(
        names=(*entries, "discrepancy.growth"),
        values=np.stack([*columns, random.normal(size=count)], axis=1),
        weights_measured=weights[0],
        weights_findings=weights[1],
        log_likelihood=random.normal(size=(count, 3)),
        columns=("niepel2014:bt474", "finding:V3@bt474", "finding:V1@bt474"),
        about={"seed": seed},
    )
