"""Small ensembles of parameter sets, drawn from the ranges of the numbers, for tests of what reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pathway import parameters
from pathway.parameters.parameter_ensemble import ParameterEnsemble

SET_BY_SCENARIOS = ("scenario", parameters.ANCHORED)


def drawn_ensemble(count: int, seed: int = 1, spread: float = 1.0) -> ParameterEnsemble:
    """Members around the chosen numbers: each number moved towards a place in its range by a share `spread`."""
    random = np.random.default_rng(seed)
    entries = {n: e for n, e in parameters.reference_entries().items() if e.source not in SET_BY_SCENARIOS}
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


def written(folder: Path, ensemble: ParameterEnsemble, member: int, line: str, parent: str = "") -> Path:
    """A line of one member as a user would write it: every number of the ensemble that it has, none that is anchored.

    Independent of the reading under test: LINE.X where there is one, else X where the line's own file lacks it.
    """
    columns = dict(zip(ensemble.names, ensemble.values[member], strict=True))
    built_in = parameters.cell_line(line)
    text = ["[line]", f'title = "{line}"', f'parent = "{parent}"' if parent else ""]
    for name, entry in built_in.entries.items():
        anchored = entry.source == parameters.ANCHORED
        if anchored or (parent and name not in built_in.own):
            continue
        value = columns.get(f"{line}.{name}", entry.value if name in built_in.own else columns.get(name, entry.value))
        value = float(value)
        text += [f"[{name}]", f"value = {value!r}", f'unit = "{entry.unit}"', 'source = "assumed"']
        text += [f"range = [{min(value, entry.range[0])!r}, {max(value, entry.range[1])!r}]"]
        text += ['confidence = "assumed"']
    file = folder / f"{line}_{member}.toml"
    file.write_text("\n".join(text), encoding="utf-8")
    return file
