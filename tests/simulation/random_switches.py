"""Random models with switches in their rates, and an independent reading of them.

Each model is written twice: as text for the program, and with a symbol in the place of each switch for a reading by
an explicit method of order 8 (SciPy's DOP853) that stops at every switch, changes its symbol and starts anew. Nothing
but the text of the smooth parts is common to both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.integrate import solve_ivp

from pathway.equations import Model
from tests.simulation.models import model_of

FUNCTIONS = {"exp": math.exp, "sin": math.sin, "cos": math.cos, "__builtins__": {}}


@dataclass
class Switched:
    """A model with switches, written twice.

    Attributes
    ----------
    rates, assignments : dict of str to str
        As the program reads them.
    frozen : dict of str to str
        The rates with s0, s1, ... for the switches.
    switches : list of (str, str)
        Function of each, and "less" (true while it is below zero) or "floor" (its whole number).
    start : dict of str to str
        Initial values, which may depend on parameters.
    kinds : list of str
        What was put in.
    """

    start: dict[str, str]
    parameters: dict[str, float]
    rates: dict[str, str] = field(default_factory=dict)
    frozen: dict[str, str] = field(default_factory=dict)
    assignments: dict[str, str] = field(default_factory=dict)
    switches: list[tuple[str, str]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def model(self) -> Model:
        return model_of("switched", self.rates, dict(self.start), self.parameters, assignments=self.assignments)


def reading(spec: Switched, values: dict[str, float], times: np.ndarray) -> tuple[np.ndarray, list[tuple[int, float]]]:
    """States at the times, shape (n_times, n_species), and the switches on the way with their moments.

    Parameters
    ----------
    spec : Switched
    values : dict of str to float
        Parameters, and initial values of species whose start is to be another than their formula's.
    times : array
    """
    names, rates = list(spec.start), [compile(spec.frozen[n], n, "eval") for n in spec.start]
    functions = [compile(text, text, "eval") for text, _ in spec.switches]
    given = {**spec.parameters, **values}
    state = np.array([values.get(n, eval(str(spec.start[n]), FUNCTIONS, dict(given))) for n in names], dtype=float)
    modes = {f"s{k}": 0.0 for k in range(len(functions))}

    def context(t: float, y: np.ndarray) -> dict[str, float]:
        return {**given, **dict(zip(names, y, strict=True)), **modes, "time": t, "min": min, "max": max, "abs": abs}  # type: ignore[dict-item]

    def value(k: int, t: float, y: np.ndarray) -> float:
        return eval(functions[k], FUNCTIONS, context(t, y))

    def watched(k: int) -> list:
        made = []
        kind, mode = spec.switches[k][1], modes[f"s{k}"]
        for border, direction in [(0.0, 1.0 if mode else -1.0)] if kind == "less" else [(mode, -1.0), (mode + 1, 1.0)]:

            def event(t: float, y: np.ndarray, border: float = border) -> float:
                return value(k, t, y) - border

            event.terminal, event.direction, event.switch = True, direction, k  # type: ignore[attr-defined]
            made.append(event)
        return made

    def put(keep: set[int]) -> None:
        """The modes of all switches but those that stand at their border."""
        for _ in range(len(functions) + 1):
            for k, (_, kind) in enumerate(spec.switches):
                if k in keep:
                    continue
                now = value(k, time, state)
                modes[f"s{k}"] = float(now < 0.0) if kind == "less" else float(math.floor(now))

    time, found, passed = 0.0, np.empty((len(times), len(names))), []
    put(set())
    found[times <= 0.0] = state
    while time < times[-1]:
        events = [event for k in range(len(functions)) for event in watched(k)]
        inside = times[(times > time) & (times <= times[-1])]

        def slope(t: float, y: np.ndarray) -> list[float]:
            at = context(t, y)
            return [eval(rate, FUNCTIONS, at) for rate in rates]

        run = solve_ivp(
            slope,
            (time, times[-1]),
            state,
            "DOP853",
            rtol=3e-13,
            atol=1e-13,
            events=events or None,
            t_eval=inside,
            max_step=0.25,
        )
        assert run.status >= 0, run.message
        if len(run.t):
            found[np.searchsorted(times, run.t[0]) : np.searchsorted(times, run.t[0]) + len(run.t)] = run.y.T
        if run.status == 0:
            break
        which = next(k for k, moments in enumerate(run.t_events) if len(moments))
        time, state = float(run.t_events[which][0]), run.y_events[which][0]
        switch, up = events[which].switch, events[which].direction > 0
        passed.append((switch, time))
        assert len(passed) < 400, "slides"
        key = f"s{switch}"
        modes[key] = (0.0 if up else 1.0) if spec.switches[switch][1] == "less" else modes[key] + (1.0 if up else -1.0)
        still = {k for k in range(len(functions)) if _at_border(spec.switches[k][1], value(k, time, state))}
        put(still | {switch})
    return found, passed


def _at_border(kind: str, value: float) -> bool:
    return abs(value if kind == "less" else value - round(value)) < 1e-9


def slopes(spec: Switched, names: list[str], times: np.ndarray, share: float = 2e-4) -> tuple[np.ndarray, np.ndarray]:
    """Central differences of order 4 of the independent reading, and which of them a moved switch does not spoil.

    Returns
    -------
    array, shape (n_times, n_species, n_names), and bool array, shape (n_times, n_names)
        The second is false where the switches passed before a time are not the same in all runs.
    """
    base = {**spec.parameters}
    base |= {n: eval(str(spec.start[n]), FUNCTIONS, dict(base)) for n in spec.start}
    made, clean = [], []
    for name in names:
        step = share * abs(base[name])
        runs = [reading(spec, {name: base[name] + k * step}, times) for k in (-2, -1, 1, 2)]
        values = [run[0] for run in runs]
        made.append((values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step))
        before = [[[k for k, moment in run[1] if moment <= t] for t in times] for run in runs]
        clean.append([all(run[i] == before[0][i] for run in before) for i in range(len(times))])
    return np.stack(made, axis=-1), np.array(clean).T


def random_switched(rng: np.random.Generator) -> Switched:
    """Two or three species that feed each other forwards, with one to three terms that switch."""
    n = int(rng.integers(2, 4))
    names = ["x", "y", "z"][:n]
    spec = Switched({}, {})

    def parameter(low: float, high: float) -> str:
        name = f"p{len(spec.parameters)}"
        spec.parameters[name] = round(float(rng.uniform(low, high)), 4)
        return name

    for k, name in enumerate(names):
        spec.start[name] = str(round(float(rng.uniform(0.2, 1.5)), 3)) if rng.random() < 0.7 else parameter(0.3, 1.2)
        terms = [f"{parameter(0.5, 1.5)} - {parameter(0.2, 0.8)}*{name}"]
        if k:
            terms.append(f"{round(float(rng.uniform(0.1, 0.6)), 3)}*{names[k - 1]}")
        elif rng.random() < 0.5:
            terms.append(f"{round(float(rng.uniform(0.3, 0.9)), 3)}*cos({round(float(rng.uniform(0.5, 1.5)), 3)}*time)")
        spec.rates[name] = spec.frozen[name] = " + ".join(terms)
    for _ in range(int(rng.integers(1, 4))):
        target = int(rng.integers(0, n))
        sources = names[:target] or None
        text, frozen = _term(rng, spec, parameter, names[target], sources)
        if rng.random() < 0.3:
            rule = f"rule{len(spec.assignments)}"
            spec.assignments[rule], text = text, rule
            spec.kinds[-1] += " in a rule"
        spec.rates[names[target]] += f" + {text}"
        spec.frozen[names[target]] += f" + {frozen}"
    return spec


def _term(rng, spec: Switched, parameter, own: str, sources: list[str] | None) -> tuple[str, str]:
    """A term with switches, as the program reads it and frozen."""

    def switch(function: str, kind: str = "less") -> str:
        spec.switches.append((function, kind))
        return f"s{len(spec.switches) - 1}"

    def moment() -> tuple[str, str]:
        """A comparison of time alone, and its symbol."""
        p = parameter(1.0, 6.5)
        if rng.random() < 0.3:
            factor = parameter(0.4, 0.9)
            return f"{factor}*time < {p}*{factor} + 0.2", switch(f"{factor}*time - ({p}*{factor} + 0.2)")
        return f"time {rng.choice(['<', '<='])} {p}", switch(f"time - {p}")

    def threshold() -> tuple[str, str]:
        """A comparison that a state takes part in."""
        if sources is None:
            return moment()
        source, p = str(rng.choice(sources)), parameter(0.6, 2.6)
        if rng.random() < 0.3:
            q = parameter(0.02, 0.2)
            return f"{source} + {q}*time < {p} + {q}*{source}", switch(f"{source} + {q}*time - ({p} + {q}*{source})")
        return f"{source} {rng.choice(['<', '<='])} {p}", switch(f"{source} - {p}")

    u, v = parameter(0.3, 1.5), round(float(rng.uniform(-0.4, 0.4)), 3)
    kinds = [
        "time",
        "state",
        "product",
        "and",
        "nested",
        "min",
        "max",
        "floor",
        "period",
        "ceil",
        "abs",
        "not",
        "floor of a state",
    ]
    kind = str(rng.choice(kinds))
    spec.kinds.append(kind)
    if kind in ("time", "state", "not"):
        text, s = moment() if kind == "time" else threshold()
        if kind == "not":
            return f"piecewise({v}, not ({text}), {u})", f"({u} if {s} else {v})"
        return f"piecewise({u}, {text}, {v})", f"({u} if {s} else {v})"
    if kind in ("product", "and", "nested"):
        (a, s), (b, r) = moment(), threshold()
        if kind == "product":
            return f"{u}*piecewise(1, {a}, 0)*piecewise(1, {b}, 0.25)", f"{u}*({s})*(1 if {r} else 0.25)"
        if kind == "and":
            return f"piecewise({u}, {a} and {b}, {v})", f"({u} if {s} and {r} else {v})"
        return f"piecewise({u}, {a}, piecewise({v}, {b}, 0.1))", f"({u} if {s} else ({v} if {r} else 0.1))"
    if kind in ("min", "max"):
        (a, s), c = threshold(), round(float(rng.uniform(0.3, 1.2)), 3)
        inner = f"({u} if {s} else 0.15)*{own}"
        kink = switch(f"{c} - {inner}")
        first, second = (f"{c}", inner) if kind == "min" else (inner, f"{c}")
        return f"{kind}({c}, piecewise({u}, {a}, 0.15)*{own})", f"({first} if {kink} else {second})"
    if kind == "abs":
        (a, s), c = threshold(), round(float(rng.uniform(0.2, 0.8)), 3)
        inner = f"({u} if {s} else {v})"
        kink = switch(f"{inner} - {c}*{own}")
        return (
            f"abs(piecewise({u}, {a}, {v}) - {c}*{own})",
            f"(({c}*{own} - {inner}) if {kink} else ({inner} - {c}*{own}))",
        )
    if kind == "floor of a state" and sources is not None:
        p = parameter(0.4, 0.8)
        s = switch(f"{sources[-1]}/{p}", "floor")
        return f"0.3*{u}*floor({sources[-1]}/{p})", f"0.3*{u}*{s}"
    p = parameter(0.9, 3.0)
    if kind == "period":
        width = parameter(0.3, 0.8)
        s = switch(f"time/{p}", "floor")
        r = switch(f"time - {p}*{s} - {width}")
        return f"piecewise({u}, time - {p}*floor(time/{p}) < {width}, {v})", f"({u} if {r} else {v})"
    if kind == "ceil":
        s = switch(f"-(time/{p})", "floor")
        return f"0.2*{u}*ceil(time/{p})", f"0.2*{u}*(-{s})"
    s = switch(f"time/{p}", "floor")
    return f"0.2*{u}*floor(time/{p})", f"0.2*{u}*{s}"
