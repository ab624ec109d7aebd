"""Random models with conditions on time, and an independent answer for each.

A condition is written twice, for the house and for NumPy. The answer knows nothing of intervals: all conditions are
evaluated on a dense grid, every change is narrowed down by halving, and between changes (where all of them are
constant) SciPy's DOP853 runs at a tolerance of 1e-11. Events follow from the order of truths.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from pathway.equations import Event, Model
from pathway.expressions import parse
from tests.simulation.models import model_of

GRID = 400_001


@dataclass(frozen=True)
class Text:
    """A formula as the house reads it and as NumPy does."""

    ours: str
    numpy: str


@dataclass
class Problem:
    """A model, and what its conditions and levels are to NumPy."""

    model: Model
    inputs: list[str]
    triggers: list[str]
    values: dict[str, float]
    doses: list[float]
    end: float
    text: str = field(default="")


def problem(seed: int) -> Problem:
    """One random model: two species, inputs that switch with time, perhaps events."""
    chance = random.Random(seed)
    end = chance.choice([30.0, 100.0, 250.0])
    values = {"k": round(chance.uniform(0.05, 0.5), 3), "m": round(chance.uniform(0.05, 0.5), 3)}
    writer = _Writer(chance, end, values)
    inputs = [writer.level(), writer.level()]
    triggers = [writer.condition(2) for _ in range(chance.choice([0, 0, 1, 2]))]
    doses = [round(chance.uniform(0.5, 5), 2) for _ in triggers]
    rates = {
        "x": f"({inputs[0].ours}) - k*x",
        "y": f"x*({inputs[1].ours})/(1 + x) - m*y",
    }
    events = tuple(
        Event(
            f"e{i}",
            parse(t.ours),
            {"x": parse(f"x + {d}")},
            initial_value=chance.random() < 0.7,
            values_from_trigger_time=False,
        )
        for i, (t, d) in enumerate(zip(triggers, doses, strict=True))
    )
    start = {"x": round(chance.uniform(0, 2), 2), "y": 1.0}
    model = model_of(f"random {seed}", rates, start, values, assignments=writer.assignments, events=events)
    text = "\n".join([*rates.values(), *(t.ours for t in triggers), str(writer.assignments), str(values)])
    return Problem(model, [i.numpy for i in inputs], [t.numpy for t in triggers], values, doses, end, text)


class _Writer:
    """Writes conditions and levels."""

    def __init__(self, chance: random.Random, end: float, values: dict[str, float]) -> None:
        self.chance, self.end, self.values = chance, end, values
        self.assignments: dict[str, str] = {}

    def number(self, low: float, high: float) -> str:
        """A number, sometimes as a parameter."""
        value = self.chance.choice([round(self.chance.uniform(low, high), 2), float(round(low + (high - low) / 2))])
        value = value or 0.5
        if self.chance.random() < 0.3:
            name = f"p{len(self.values)}"
            self.values[name] = value
            return name
        return repr(value)

    def phase(self) -> Text:
        """A sawtooth of a random period, as floor, ceil or rem write it, or as an assignment rule."""
        period = self.number(2.0, self.end / 2)
        kind = self.chance.randrange(4)
        ours, plain = (f"time - {period}*floor(time/{period})", f"t - {period}*np.floor(t/{period})")
        if kind == 1:
            # Shifted, so that it does not jump where another one does: conditions would hold for an instant.
            ours = f"{period}*ceil((time + 0.37)/{period}) - time - 0.37"
            plain = f"{period}*np.ceil((t + 0.37)/{period}) - t - 0.37"
        elif kind == 2:
            ours = f"time - {period}*piecewise(ceil(time/{period}), time/{period} < 0, floor(time/{period}))"
        elif kind == 3:
            name = f"a{len(self.assignments)}"
            self.assignments[name] = ours
            ours = name
        return Text(f"({ours})", f"({plain})")

    def simple(self) -> Text:
        n, end, chance = self.number, self.end, self.chance
        kind = chance.randrange(15)
        if kind <= 3:
            p, w = self.phase(), n(0.05, 3)
            sign = chance.choice(["<", ">", "<="])
            return Text(f"{p.ours} {sign} {w}", f"({p.numpy} {sign} {w})")
        if kind == 4:
            a, b, sign = n(1, end), n(1, end), chance.choice("<>")
            return Text(f"(time - {a})*(time - {b}) {sign} 0.1", f"((t - {a})*(t - {b}) {sign} 0.1)")
        if kind == 5:
            a, b, c = n(0, end / 3), n(end / 3, end / 2), n(end / 2, end)
            return Text(f"(time - {a})*(time - {b})*(time - {c}) > 3", f"((t - {a})*(t - {b})*(t - {c}) > 3)")
        if kind == 6:
            q, a = chance.choice(["2", "1.5", "3", "0.5", "-1"]), n(1, end)
            return Text(f"time^{q} < {a}^{q}", f"(np.power(t, {float(q)}) < np.power({a}, {float(q)}))")
        if kind == 7:
            a = n(0.5, 4)
            return Text(f"ln(time + 1) > {a}", f"(np.log(t + 1) > {a})")
        if kind == 8:
            a, s = n(0.05, 0.9), n(2, end / 2)
            return Text(f"exp(-time/{s}) > {a}", f"(np.exp(-t/{s}) > {a})")
        if kind == 9:
            w, c, f = n(0.1, 2), n(-0.9, 0.9), chance.choice(["sin", "cos"])
            return Text(f"{f}({w}*time + 1) > {c}", f"(np.{f}({w}*t + 1) > {c})")
        if kind == 10:
            a, b = n(1, end / 2), n(0.1, 5)
            return Text(f"ln(time - {a}) < {b}", f"(np.log(t - {a}) < {b})")
        if kind == 11:
            c = n(0.3, 3)
            return Text(f"sqrt(time)*sin(time) > {c}", f"(np.sqrt(t)*np.sin(t) > {c})")
        if kind == 12:
            a, w = n(2, end), n(0.2, 5)
            return Text(f"abs(time - {a}) < {w}", f"(np.abs(t - {a}) < {w})")
        if kind == 13:
            f, p, q, w = chance.choice(["min", "max"]), self.phase(), self.phase(), n(0.2, 3)
            return Text(f"{f}({p.ours}, {q.ours}) < {w}", f"(np.{f}imum({p.numpy}, {q.numpy}) < {w})")
        p = n(2, end / 4)
        return Text(
            f"floor(time/{p}) - 2*floor(floor(time/{p})/2) > 0.5",
            f"(np.floor(t/{p}) - 2*np.floor(np.floor(t/{p})/2) > 0.5)",
        )

    def condition(self, depth: int) -> Text:
        if depth == 0 or self.chance.random() < 0.5:
            return self.simple()
        kind, a, b = self.chance.randrange(3), self.condition(depth - 1), self.condition(depth - 1)
        if kind == 2:
            return Text(f"not ({a.ours})", f"(~{a.numpy})")
        word, sign = (("and", "&"), ("or", "|"))[kind]
        return Text(f"({a.ours}) {word} ({b.ours})", f"({a.numpy} {sign} {b.numpy})")

    def level(self) -> Text:
        kind = self.chance.randrange(6)
        if kind == 0:
            p = self.number(2, self.end / 3)
            return Text(f"min(floor(time/{p}), 4)", f"np.minimum(np.floor(t/{p}), 4)")
        if kind == 1:
            return Text("abs(floor(3*sin(0.5*time)))", "np.abs(np.floor(3*np.sin(0.5*t)))")
        c, high, low = self.condition(2), self.number(0.5, 3), self.number(0, 1)
        if kind == 2:
            d = self.condition(1)
            return Text(
                f"piecewise({high}, {c.ours}, {low}, {d.ours}, 0.25)",
                f"np.where({c.numpy}, {high}, np.where({d.numpy}, {low}, 0.25))",
            )
        return Text(f"piecewise({high}, {c.ours}, {low})", f"np.where({c.numpy}, {high}, {low})")


def reference(given: Problem, times: np.ndarray) -> np.ndarray:
    """States at the times, shape (n_times, 2)."""
    codes = [compile(text, "formula", "eval") for text in (*given.inputs, *given.triggers)]

    def all_of(t: Any) -> np.ndarray:
        with np.errstate(all="ignore"):
            names = {"np": np, **given.values, "t": np.asarray(t, dtype=float)}
            return np.array([np.broadcast_to(eval(code, names), np.shape(t)) for code in codes], dtype=float)

    grid = np.linspace(0.0, given.end, GRID)
    found = all_of(grid)
    changes = np.flatnonzero((np.diff(found, axis=1) != 0).any(axis=0))
    low, high = grid[changes], grid[changes + 1]
    before = found[:, changes]
    for _ in range(80):
        middle = 0.5 * (low + high)
        same = (all_of(middle) == before).all(axis=0)
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    # A second change between two points of the grid is left to one more look.
    borders = np.unique(np.concatenate([[0.0], high, [given.end]]))
    model = given.model
    state, values = model.initial_values.copy(), np.empty((len(times), 2))
    truth = np.array([event.initial_value for event in model.events], dtype=float)
    n, k, m = len(given.inputs), given.values["k"], given.values["m"]

    def fire(now: np.ndarray) -> None:
        nonlocal truth
        for place in np.flatnonzero((now != 0) & (truth == 0)):
            state[0] += given.doses[place]
        truth = now

    for start, stop in pairwise(borders):
        fire(all_of(np.array([start]))[n:, 0])  # a trigger may be true at this moment alone
        level = all_of(np.array([start + 0.381 * (stop - start)]))[:, 0]  # no touch is likely to lie just there
        fire(level[n:])
        a, b = level[:2]
        rates = lambda t, s, a=a, b=b: [a - k * s[0], b * s[0] / (1 + s[0]) - m * s[1]]  # noqa: E731
        inside = (times >= start) & (times < stop)
        done = solve_ivp(rates, (start, stop), state, method="DOP853", rtol=1e-10, atol=1e-12, dense_output=True)
        if inside.any():
            values[inside] = done.sol(times[inside]).T
        state = done.y[:, -1].copy()
    values[times >= given.end] = state
    return values
