"""Many local optimizations from spread starting points, kept on disk one by one.

Each start is a task of its own: its starting point follows from the seed and its number alone, and what it finds does
not depend on the others. So the result is the same with any number of workers, and a search that was killed goes on
with the starts that have no file yet.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from ..objective import Objective
from ..objective.closed_form import Reduced
from ..problem import Problem, ProblemError
from .descent import MANY, descend
from .result import Fit, Start
from .trust_region import LocalOptimum, Settings, minimize


@dataclass(frozen=True)
class Heat:
    """A round of short optimizations within one start.

    Attributes
    ----------
    share : float
        How many take part, of all candidates of the start: the best of the round before.
    iterations : int
        Of each.
    """

    share: float
    iterations: int


@dataclass(frozen=True)
class Plan:
    """What a search does; equal plans of equal problems give equal results.

    Attributes
    ----------
    starts : int
    seed : int
    sampling : str
        "latin_hypercube" or "sobol".
    include_nominal : bool
        Whether start 0 is the nominal point instead of a drawn one.
    candidates : int
        How many points a start looks at before it begins at the best of them; 0: eight for each estimated parameter,
        at most 100, and 20 where gradients alone lead on.
    heats : tuple of Heat
        Rounds of short optimizations; the best of the last one goes on.
    hops : int
        At most so often some parameters are drawn anew; what is better after a short optimization is kept.
    loose_tolerance : float
        Relative solver tolerance until the end is near.
    settings : Settings
        Of the local optimizer.
    """

    starts: int = 20
    seed: int = 1
    sampling: str = "latin_hypercube"
    include_nominal: bool = False
    candidates: int = 0
    heats: tuple[Heat, ...] = (Heat(0.2, 8), Heat(0.08, 20), Heat(0.04, 60))
    hops: int = 10
    loose_tolerance: float = 1e-6
    settings: Settings = field(default_factory=Settings)


def fit(
    problem: Problem,
    starts: int = 20,
    seed: int = 1,
    *,
    workers: int | None = None,
    directory: str | Path | None = None,
    executor: Executor | None = None,
    progress: TextIO | None = None,
    plan: Plan | None = None,
) -> Fit:
    """The best parameters of a problem, from many starting points.

    Parameters
    ----------
    problem : Problem
    starts : int
        How many local optimizations.
    seed : int
    workers : int, optional
        Processes; 1 stays in this one; None: one for each core, but no more than starts.
    directory : str or Path, optional
        Where every finished local optimization is kept; one that holds some goes on from there.
    executor : concurrent.futures.Executor, optional
        Something else that runs tasks (a Dask client's executor).
    progress : text stream, optional
        Where a line about every finished start goes.
    plan : Plan, optional
        Everything else; `starts` and `seed` replace its own.

    Returns
    -------
    Fit
        Also after Ctrl-C, with what was finished until then.

    Raises
    ------
    ProblemError
        If the directory holds another search, or nothing is to be estimated.

    Notes
    -----
    Latin hypercube: McKay, Beckman & Conover 1979, doi 10.1080/00401706.1979.10489755. Multi-start local search against
    global methods on such problems: Raue et al. 2013, doi 10.1371/journal.pone.0074335.
    """
    if not problem.estimated:
        raise ProblemError([f"{problem.name}: no parameter is to be estimated"])
    plan = replace(plan or Plan(), starts=starts, seed=seed)
    folder = Path(directory) if directory is not None else None
    done = _opened(folder, problem, plan) if folder is not None else {}
    report = _Progress(progress, plan.starts, done)
    waiting = [k for k in range(plan.starts) if k not in done]
    points = starting_points(problem, plan)
    interrupted = False
    try:
        for start in _finished(problem, plan, points, waiting, workers, executor):
            if folder is not None:
                _keep(folder, start)
            done[start.number] = start
            report.tell(start)
    except KeyboardInterrupt:
        interrupted = True
        report.say(f"interrupted: {len(done)} of {plan.starts} starts are finished")
    return Fit(problem, tuple(done[k] for k in sorted(done)), plan.seed, interrupted)


# Starting points


def starting_points(problem: Problem, plan: Plan) -> np.ndarray:
    """Points on the optimizer's scale, shape (starts, candidates, n_estimated).

    The first of each start is drawn together with those of the other starts, so that they fill the box evenly.
    """
    n = len(problem.estimated)
    points = np.empty((plan.starts, plan.candidates or (20 if n >= MANY else min(8 * n, 100)), n))
    points[:, 0] = _even(plan, n)
    for k in range(plan.starts):
        points[k, 1:] = np.random.default_rng([plan.seed, k]).random((points.shape[1] - 1, n))
    points = _placed(problem, points)
    if plan.include_nominal:
        points[0, 0] = np.clip(problem.to_scale(problem.nominal), *problem.bounds)
    return points


def _even(plan: Plan, n: int) -> np.ndarray:
    rng = np.random.default_rng(plan.seed)
    if plan.sampling == "sobol":
        from scipy.stats import qmc

        return qmc.Sobol(n, rng=rng).random(plan.starts)
    if plan.sampling != "latin_hypercube":
        raise ProblemError([f"sampling is '{plan.sampling}'; expected latin_hypercube or sobol"])
    cells = np.stack([rng.permutation(plan.starts) for _ in range(n)], axis=1)
    return (cells + rng.random((plan.starts, n))) / plan.starts


def _placed(problem: Problem, shares: np.ndarray) -> np.ndarray:
    """Shares between 0 and 1 to the optimizer's scale, through each parameter's own distribution of starts."""
    lower, upper = problem.bounds
    made = np.empty_like(shares)
    for k, p in enumerate(problem.estimated):
        low, high = _finite_range(lower[k], upper[k], float(problem.to_scale(problem.nominal)[k]))
        if p.start is None:
            made[..., k] = low + shares[..., k] * (high - low)
        elif p.start.on_scale:
            made[..., k] = np.clip(p.start.draw(shares[..., k]), low, high)
        else:
            natural = p.start.draw(shares[..., k])
            scaled = np.full(natural.shape, low)
            positive = natural > 0 if p.scale != "linear" else np.ones(natural.shape, bool)
            scaled[positive] = _UNSCALED[p.scale](natural[positive])
            made[..., k] = np.clip(scaled, low, high)
    return made


_UNSCALED: dict[str, Callable[[np.ndarray], np.ndarray]] = {"linear": np.asarray, "log": np.log, "log10": np.log10}


def _finite_range(low: float, high: float, nominal: float) -> tuple[float, float]:
    """Bounds that points can be drawn between: an open side is taken some way from the nominal value."""
    centre = nominal if math.isfinite(nominal) else 0.0
    reach = 3.0 * max(abs(centre), 1.0)
    low = low if math.isfinite(low) else min(centre - reach, high - reach if math.isfinite(high) else math.inf)
    high = high if math.isfinite(high) else max(centre + reach, low + reach)
    return low, high


# Local optimizations


def run_start(objective: Objective, plan: Plan, number: int, points: np.ndarray) -> Start:
    """One start: heats of short optimizations from the best of `points`, hops from the winner, and its end."""
    began = time.process_time()
    before = (objective.evaluations, objective.gradients)
    objective.failures.clear()
    x, iterations, reason = (_descended if len(points[0]) >= MANY else _raced)(objective, plan, number, points)
    end = objective.slope(x)
    return Start(
        number=number,
        objective=end.value,
        x=x,
        start=np.asarray(points[0]),
        gradient=end.gradient if end.gradient is not None else np.zeros_like(x),
        iterations=iterations,
        evaluations=objective.evaluations - before[0],
        gradients=objective.gradients - before[1],
        reason=end.failure or reason,
        failures=dict(objective.failures),
        seconds=time.process_time() - began,
    )


def _descended(objective: Objective, plan: Plan, number: int, points: np.ndarray) -> tuple[np.ndarray, int, str]:
    """Where gradients alone lead from the best of the points, after how many iterations, and why it ended there."""
    values = [objective.value(candidate) for candidate in points]
    found = descend(objective.slope, points[int(np.argmin(values))], objective.problem.bounds, plan.settings)
    return found.x, found.iterations, found.reason


def _raced(objective: Objective, plan: Plan, number: int, points: np.ndarray) -> tuple[np.ndarray, int, str]:
    """Where heats and hops lead; all but the end runs at the plan's loose solver tolerance."""
    local = _Local(Reduced(objective), plan)
    with objective.loosened(plan.loose_tolerance):
        x = local.heats(points)
        x = local.hops(x, np.random.default_rng([plan.seed, number, 1]))
        x = local.carry(x, plan.settings).x
    found = local.carry(x, replace(plan.settings, first_radius=0.1))
    return local.reduced.complete(found.x), local.iterations, found.reason


ROUGH = 1e-4
"""Relative fall that ends a short optimization early."""


class _Local:
    """The parts of one start.

    Attributes
    ----------
    iterations : int
        Of all optimizations so far.
    """

    def __init__(self, reduced: Reduced, plan: Plan) -> None:
        self.reduced, self.plan = reduced, plan
        self.iterations = 0

    def carry(self, x: np.ndarray, settings: Settings) -> LocalOptimum:
        """A local optimization from `x`."""
        found = minimize(self.reduced, self.reduced.value, x, self.reduced.bounds, settings)
        self.iterations += found.iterations
        return found

    def heats(self, points: np.ndarray) -> np.ndarray:
        """Where the winner of the heats stands."""
        values = {k: self.reduced.value(x) for k, x in enumerate(points[:, self.reduced.outer])}
        runners = [(values[k], points[k, self.reduced.outer]) for k in sorted(values, key=values.__getitem__)]
        for heat in self.plan.heats:
            settings = replace(self.plan.settings, iterations=heat.iterations, value_tolerance=ROUGH)
            keep = max(round(heat.share * len(points)), 1)
            ended = [self.carry(x, settings) for _, x in runners[:keep]]
            runners = sorted(((f.value, f.x) for f in ended), key=lambda r: r[0])
        return runners[0][1]

    def hops(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The best of what is found by drawing some parameters anew, again and again, and optimizing from there."""
        lower, upper = (np.where(np.isfinite(b), b, x + s) for b, s in zip(self.reduced.bounds, (-3, 3), strict=True))
        n = len(x)
        hops = min(max(n - FEW, 0), self.plan.hops)
        settings = replace(self.plan.settings, iterations=HOP, value_tolerance=ROUGH)
        best = self.carry(x, settings) if hops else None
        for _ in range(hops):
            drawn = np.tile(best.x, (2 * n, 1))  # type: ignore[union-attr]
            for point in drawn:
                some = rng.choice(n, rng.integers(1, max(n // 2, 1), endpoint=True), replace=False)
                point[some] = (lower + rng.random(n) * (upper - lower))[some]
            values = [self.reduced.value(point) for point in drawn]
            found = self.carry(drawn[int(np.argmin(values))], settings)
            if found.value < best.value:  # type: ignore[union-attr]
                best = found
        return x if best is None else best.x


FEW = 6
"""Problems with so few parameters are searched without hops: another start is worth more."""

HOP = 30
"""Iterations after a hop."""


def _finished(
    problem: Problem,
    plan: Plan,
    points: np.ndarray,
    waiting: list[int],
    workers: int | None,
    executor: Executor | None,
) -> Iterator[Start]:
    """Starts as they finish, in any order."""
    workers = min(os.cpu_count() or 1, len(waiting)) if workers is None else workers
    if executor is None and workers <= 1:
        objective = Objective(problem)
        for k in waiting:
            yield run_start(objective, plan, k, points[k])
        return
    with _pool(executor, workers) as pool:
        packed = pickle.dumps(problem)
        futures = [pool.submit(_task, packed, plan, k, points[k]) for k in waiting]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            raise


@contextmanager
def _pool(executor: Executor | None, workers: int) -> Iterator[Executor]:
    if executor is not None:
        yield executor
        return
    import multiprocessing

    # A forked copy of a process with threads may hang; a fresh one reads the compiled kernels from disk.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_quiet)
    try:
        yield pool
    except KeyboardInterrupt:
        for process in list(getattr(pool, "_processes", {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _quiet() -> None:
    """Workers leave Ctrl-C to the process that started them, and use one thread for linear algebra."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_NUM_THREADS", "1")


_OBJECTIVES: dict[bytes, Objective] = {}


def _task(packed: bytes, plan: Plan, number: int, points: np.ndarray) -> Start:
    key = hashlib.sha256(packed).digest()
    if key not in _OBJECTIVES:
        _OBJECTIVES.clear()
        _OBJECTIVES[key] = Objective(pickle.loads(packed))  # made by ourselves in the process that started this one
    return run_start(_OBJECTIVES[key], plan, number, points)


# On disk


def fingerprint(problem: Problem) -> str:
    """A text that differs between problems whose fits differ."""
    model = problem.model
    from pathway.expressions import to_text

    parts: list[Any] = [
        model.species,
        model.parameters,
        [float(v) for v in model.parameter_values],
        [to_text(e) for e in model.derivatives.values()],
        [to_text(e) for e in model.closed_initial.values()],
        [repr(p) for p in problem.parameters],
        [
            (e.name, [(p.start, {n: to_text(v) for n, v in p.changes.items()}) for p in e.periods])
            for e in problem.experiments
        ],
        [
            (o.name, to_text(o.formula), to_text(o.noise), o.distribution, o.transformation, o.degrees_of_freedom)
            for o in problem.observables
        ],
        [
            (
                m.observable,
                m.experiment,
                m.time,
                m.value,
                m.censored,
                m.normalization,
                m.counted,
                {n: to_text(v) for n, v in m.placeholders.items()},
            )
            for m in problem.measurements
        ],
        [repr(n) for n in problem.normalizations],
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _opened(folder: Path, problem: Problem, plan: Plan) -> dict[int, Start]:
    """The finished starts of a directory; a new one is begun."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "search.json"
    wanted = {
        "problem": problem.name,
        "fingerprint": fingerprint(problem),
        "plan": json.loads(json.dumps(asdict(plan))),
    }
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["fingerprint"] != wanted["fingerprint"]:
            raise ProblemError(
                [f"{folder}: holds a search of another problem ('{found['problem']}'), or of changed files"]
            )
        if found["plan"] != wanted["plan"]:
            raise ProblemError([f"{folder}: holds a search with other settings: {found['plan']}"])
    else:
        write_atomically(path, json.dumps(wanted, indent=1).encode())
    done = {}
    for file in sorted(folder.glob("start_*.json")):
        start = Start.from_json(file.read_text(encoding="utf-8"))
        done[start.number] = start
    return {k: s for k, s in done.items() if k < plan.starts}


def _keep(folder: Path, start: Start) -> None:
    write_atomically(folder / f"start_{start.number:05d}.json", start.to_json().encode())


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there in full or not at all, also after the machine stops."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


class _Progress:
    """A line for every finished start, with the time that is left."""

    def __init__(self, stream: TextIO | None, total: int, done: dict[int, Start]) -> None:
        self.stream, self.total = stream, total
        self.values = [s.objective for s in done.values()]
        self.before = len(self.values)
        self.began = time.monotonic()
        if done:
            self.say(f"{len(done)} of {total} starts were finished before")

    def say(self, text: str) -> None:
        if self.stream is not None:
            print(text, file=self.stream, flush=True)

    def tell(self, start: Start) -> None:
        self.values.append(start.objective)
        finite = sorted(v for v in self.values if math.isfinite(v))
        best = f"{finite[0]:.6g}" if finite else "none"
        new = len(self.values) - self.before
        left = (time.monotonic() - self.began) / new * (self.total - len(self.values))
        value = f"{start.objective:.6g}" if math.isfinite(start.objective) else f"failed ({start.reason})"
        self.say(
            f"start {start.number + 1} of {self.total}: {value}; best {best}; "
            f"{distinct(finite)} distinct optima; {_duration(left)} left"
        )


def distinct(values: list[float], gap: float = 0.1) -> int:
    """How many groups of values there are, with gaps of at least `gap` between them."""
    ordered = sorted(values)
    return bool(ordered) + sum(b - a > gap for a, b in pairwise(ordered))


def _duration(seconds: float) -> str:
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} h"
