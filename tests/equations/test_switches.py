"""What a model's switches are: each deciding function once, and what it depends on."""

from __future__ import annotations

from pathway.equations import Event
from pathway.equations.switches import switches
from pathway.expressions import parse, to_text
from tests.simulation.models import model_of


def test_every_deciding_function_is_found_once_with_what_it_depends_on() -> None:
    model = model_of(
        "many",
        {"x": "piecewise(1, phase < 8, 0) - k*abs(x - 3) + min(x, y, time)", "y": "ceil(x)*piecewise(1, x < 3, 0)"},
        {"x": 0.0, "y": 1.0, "dose": 2.0},
        {"k": 0.1},
        assignments={"phase": "time - 24*floor(time/24)"},
        events=(
            Event("a", parse("x > 3 and time > dose"), {"dose": parse("7")}),
            Event("b", parse("phase < 8"), {"dose": parse("1")}),
            Event("c", parse("k > 3"), {"dose": parse("1")}),
            Event("d", parse("time - 3"), {"dose": parse("1")}),
        ),
    )
    found = {to_text(s.function): s for s in switches(model)}
    assert switches(model) is switches(model)
    assert len(found) == len(switches(model))
    expected = {  # integer, time only, in rates, in triggers, continuous
        "time / 24": (True, True, True, True, False),
        "time - 24 * floor(time / 24) - 8": (False, True, True, True, False),
        "x - 3": (False, False, True, False, False),
        "x - y": (False, False, True, False, True),
        "x - time": (False, False, True, False, True),
        "y - time": (False, False, True, False, True),
        "x": (True, False, True, False, False),
        "-x + 3": (False, False, False, True, False),
        "dose - time": (False, True, False, True, False),
        "time - 3": (False, True, False, True, False),
    }
    assert {
        text: (s.integer, s.time_only, s.in_rates, s.in_triggers, s.continuous) for text, s in found.items()
    } == expected
    inner, outer = list(found).index("time / 24"), list(found).index("time - 24 * floor(time / 24) - 8")
    assert inner < outer
