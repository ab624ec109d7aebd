"""Random models with events: windows, delays, priorities, counters, doses; such that depend on the course if asked."""

from __future__ import annotations

from random import Random

from pathway.equations import Event, Model
from pathway.expressions import parse
from tests.simulation.models import model_of

MOVING, HELD = ("x", "y", "z"), ("n", "m")


OF_COURSE = (
    *("x < 1", "x > 2.5", "y > z", "z >= 1", "y < 0.4 and time > t", "x + y + z > 3", "x < 1 or z > 2", "not (x < 1)"),
    *("floor(2*z) >= 2", "sin(2*x) > 0.2", "abs(x - y) < 0.3", "max(y, z) > 1 and n < 3", "x < n", "time - z > t"),
)
NEW_OF_COURSE = ("x", "y + z", "{0}*{0}/(1 + {0})", "max({0}, 1)", "n + y", "x*t", "{0}/2 + z")


def random_model(seed: int, of_course: bool = False) -> Model:
    """A chain of three species with a feed that switches, two counters, and one to five events."""
    random = Random(seed)
    parameters = {
        "k": random.choice([0.3, 1.0, 4.0]),
        "t": random.choice([1.0, 1.5, 2.25]),
        "d": random.choice([0.0, 0.5]),
        "a": 3.0,
    }
    feeds = [
        "0",
        "0",
        "a",
        "piecewise(a, time >= t and time < 2*t, 0)",
        "n",
        *["piecewise(a, x < 1, 0)"] * (not of_course),
    ]
    feed = random.choice(feeds)
    equations = {"x": f"{feed} - k*x", "y": "k*x - y*y/(1 + y)", "z": "y - 0.2*z"}
    start = {"x": random.choice([0.0, 5.0]), "y": 0.5, "z": 0.0, "n": float(random.randrange(2)), "m": 0.0}
    events = tuple(_event(random, f"event {k}", of_course) for k in range(random.randint(1, 5)))
    return model_of("clocked", equations, start, parameters, events=events)


def _event(random: Random, name: str, of_course: bool) -> Event:
    trigger = random.choice(
        [
            *("time >= t", "time > t", "time >= 2", "time > 2", "time < 3", "time >= t + d and time < 4"),
            *("time - 2*floor(time/2) >= 1", "sin(3*time) > 0.5", "n > 1.5", "n > 0.5 and time >= 1", "m < 2.5"),
            *("time >= n + 1", "time >= 0", "time < t or time > 5"),
            *(OF_COURSE * of_course),
        ]
    )
    assignments = {}
    for target in random.sample([*MOVING, *HELD], random.randint(1, 3)):
        new = ["a", "time", "n + 1", "m + t", "a*n"]
        new += [*NEW_OF_COURSE] * of_course
        new += ["{0} + 1"] * 2 + ["{0} + a*t", "{0}/2", "2*{0} - d*{0}", "({0} + a)/t", "a - {0}"]
        assignments[target] = parse(random.choice(new).format(target))
    maybe = lambda texts: None if (text := random.choice(texts)) is None else parse(text)  # noqa: E731
    return Event(
        name,
        parse(trigger),
        assignments,
        delay=maybe([None, None, None, "0", "d", "0.7", "t - 0.5", *["x/(1 + x)", "0.1*y"] * of_course]),
        priority=maybe([None, "1", "2", "5 - n", "m", *["x", "z - y"] * of_course]),
        persistent=random.random() < 0.6,
        initial_value=random.random() < 0.6,
        values_from_trigger_time=random.random() < 0.5,
        factors={
            name: parse(random.choice(["2", "t", "1 + n"]))
            for name in assignments
            if random.random() < 0.2 * (not of_course)
        },
    )
