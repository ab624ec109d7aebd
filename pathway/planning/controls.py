"""Controls that a plan lacks: dishes without which its result could be read in another way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from pathway.scenario.controls import arm_key, without_doses
from pathway.scenario.experiment import Arm, Scenario
from pathway.scenario.laboratory import Laboratory

from .questions import EffectQuestion
from .transfection import INERT, TRANSFECTED

ANTIBODIES = ("trastuzumab", "pertuzumab")
INERT_ANTIBODY = "IgG"
INERT_SMALL = "vehicle"
_WHAT = {INERT_ANTIBODY: "antibody as such", INERT_SMALL: "solvent"}
_OLIGO = {"siRNA": "non-targeting siRNA", "PTEN_": "empty plasmid"}


def missing_controls(
    questions: Sequence[EffectQuestion], scenario: Scenario, laboratory: Laboratory
) -> tuple[str, ...]:
    """Each in a sentence's words, the first asked for first."""
    arms = dict.fromkeys(chain.from_iterable(q.arms for q in questions))
    return tuple(dict.fromkeys(chain.from_iterable(_of_arm(scenario.arm(n), scenario, laboratory) for n in arms)))


def _of_arm(arm: Arm, scenario: Scenario, laboratory: Laboratory) -> Iterator[str]:
    for dose in arm.doses:
        agent = scenario.doses[dose].agent
        inert = _inert_of(agent, laboratory)
        if not inert or _has_inert(arm, dose, inert, scenario):
            continue
        if inert in INERT:
            yield f"'{arm.name}' with {inert} in place of {dose}: what transfection does by itself"
        else:
            yield f"{inert} in place of {agent}: what the {_WHAT[inert]} does by itself"
    acting = [name for name in arm.doses if _inert_of(scenario.doses[name].agent, laboratory)]
    if len(acting) > 1:
        for dose in acting:
            left = without_doses(arm, [dose])
            if not any(arm_key(other, scenario) == arm_key(left, scenario) for other in scenario.arms):
                yield f"'{arm.name}' without {dose}: which of the two does it"


def _inert_of(agent: str, laboratory: Laboratory) -> str:
    """What is given in place of an agent to see what giving it does; "" of what does nothing itself."""
    species = laboratory.agents[agent].species
    if species is None:
        return ""
    if species in TRANSFECTED:
        return next((inert for start, inert in _OLIGO.items() if species.startswith(start)), "scramble oligo")
    if agent in ANTIBODIES:
        return INERT_ANTIBODY
    return "" if species in ("EGF", "HRG") else INERT_SMALL


def _has_inert(arm: Arm, dose: str, inert: str, scenario: Scenario) -> bool:
    """Whether an arm is the same with the inert agent in place of a dose."""
    rest = set(arm.doses) - {dose}
    for other in scenario.arms:
        extra = set(other.doses) - rest
        same = other.cells == arm.cells and rest <= set(other.doses) and len(extra) == 1
        if same and scenario.doses[extra.pop()].agent == inert:
            return True
    return False
