"""Models where volumes, events and rules meet, against libRoadRunner."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from pathway.formats.sbml import read_sbml_text
from pathway.simulation import simulate

missing = [name for name in ("roadrunner", "antimony") if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")

REACTION = "compartment C=2; species S in C; species T in C; S=3; T=1; J: S -> T; 0.1*S*C;"
RULED = "compartment C=2; species $S in C; S=3; S'=0.3;"

MODELS = {
    "an event resizes a compartment": f"{REACTION} at time>1: C=4;",
    "an event resizes it and sets a concentration in it": f"{REACTION} at time>1: C=4, S=5;",
    "a ruled concentration in a compartment that an event resizes": f"{RULED} at time>1: C=4;",
    "the same, and the event sets it too": f"{RULED} at time>1: S=5, C=4;",
    "a remembered concentration set later in a grown compartment": (
        f"{REACTION} C'=0.5; at 2 after time>1, fromTrigger=true: S=S+1;"
    ),
    "the same with the values of the later moment": f"{REACTION} C'=0.5; at 2 after time>1, fromTrigger=false: S=S+1;",
    "a compartment that follows a parameter": f"{REACTION} k=1; C:=2+k; at time>1: S=5, k=3;",
    "rules on a concentration and its compartment": f"{RULED} C'=0.1; at 1 after time>1: C=4+S;",
    "amounts and concentrations in one reaction": (
        "compartment C=2, D=0.5; species S in C; substanceOnly species A in D; S=3; A=1;"
        "J: 2 S -> 3 A; 0.2*S*C - 0.1*A; D'=0.3;"
    ),
    "an event that drops another": (
        "x=0; x'=1; y=0; at 1 after x>1, persistent=false: y=y+1; at x>1.5: x=0;"
    ),
    "priorities": "x=0; x'=1; y=1; at x>1, priority=1: y=y+3; at x>1, priority=2: y=y*10;",
    "a trigger that is true from the start": "x=1; y=0; x'=-x; at x>0.5, t0=false: y=1; at x<0.5: y=y+2;",
    "rates of change": f"{REACTION} C'=0.5; q := rateOf(S); r := rateOf(T)*2;",
}  # fmt: skip


@pytest.mark.parametrize("text", MODELS.values(), ids=MODELS)
def test_libroadrunner_agrees(text: str) -> None:
    import antimony
    import roadrunner

    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(f"model m()\n{text}\nend") >= 0, antimony.getLastError()
    source = antimony.getSBMLString("m")
    found = read_sbml_text(source)
    # Away from the moments at which something happens: programs differ in recording before or after.
    times = np.linspace(0.0, 5.0, 11)[1:] - 0.137
    runner = roadrunner.RoadRunner(source)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-10, 1e-13
    runner.integrator.setValue("maximum_time_step", 0.01)
    others = [n for n in found.values if n not in found.amounts and n != "J"]
    names = [*found.amounts, *(f"[{n}]" for n in found.amounts), *others]
    runner.timeCourseSelections = ["time", *names]
    expected = np.array(runner.simulate(times=[0.0, *times]))[1:, 1:]
    forms = [
        *found.amounts.values(),
        *found.concentrations.values(),
        *(found.values[n] for n in others),
    ]
    model = replace(found.model, observables={f"reported {i}": form for i, form in enumerate(forms)})
    course = simulate(model, [0.0, *times], relative_tolerance=1e-9)
    np.testing.assert_allclose(course.observables()[1:], expected, rtol=1e-6, atol=1e-7)
