"""What was measured, in a line for each file and observable: what the reader of a table has understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .experiment import Arm, Scenario
from .fit_data import choice_for
from .laboratory import Laboratory
from .measurements import Measurement, read_measurements, scale_group

_KINDS = {"arbitrary": "in arbitrary units", "cycles": "folds from cycles"}


def draw_inventory(scenario: Scenario, laboratory: Laboratory | None = None) -> str:
    """The measurements of a scenario as text; nothing where there are none.

    Raises
    ------
    ScenarioError
        If they cannot be read.
    """
    if laboratory is None:
        from .shelf import built_in_laboratory

        laboratory = built_in_laboratory()
    arms = {arm.name: arm for arm in scenario.arms}
    groups: dict[tuple[int, str], list[Measurement]] = {}
    for point in read_measurements(scenario, laboratory):
        groups.setdefault((point.table, point.observable), []).append(point)
    return "\n".join(_line(scenario, laboratory, arms, *key, own) for key, own in groups.items())


def _line(
    scenario: Scenario,
    laboratory: Laboratory,
    arms: Mapping[str, Arm],
    table: int,
    observable: str,
    own: Sequence[Measurement],
) -> str:
    overlay = scenario.overlays[table]
    limits = sum(not p.measured for p in own)
    many = _several(len(own) - limits, "value") + (f" and {_several(limits, 'limit')}" if limits else "")
    first, last = min(p.time for p in own), max(p.time for p in own)
    when = f"at {first:g} h" if first == last else f"from {first:g} to {last:g} h"
    parts = [f"{observable} {_KINDS.get(own[0].kind, f'in {laboratory.units[observable]}')}: {many}"]
    parts.append(f"{_several(len({p.arm for p in own}), 'arm')}, {when}")
    for word in ("gel", "replicate"):
        number = len({getattr(p, word) for p in own} - {""})
        parts += [_several(number, word)] if number else []
    parts += [f"normalized by {', '.join(overlay.normalize)}"] if overlay.normalize else []
    if scenario.fit is not None:
        scale = choice_for(own[0], scenario.overlays, scenario.fit.observables).scale
        factors = len({scale_group(p, overlay, arms) for p in own})
        told = {"free": _several(factors, "free factor"), "normalized": "the model normalized alike"}
        parts += [told[str(scale)]] if scale in told else []
    return f"{overlay.file.name}: " + "; ".join(parts)


def _several(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number > 1)}"
