"""Chains of draws, each a task of its own that is kept on disk and goes on after being killed.

A chain follows from its plan and number alone, whoever runs beside it. While it runs, every answer of the objective
goes into a journal; begun again, the sampler asks the same questions in the same order and is answered from there
until it comes to new ones. So a killed chain ends with the bits of an undisturbed one, whatever library draws it.
"""

from __future__ import annotations

import io
import math
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from pathway.extras import importing_quietly
from pathway.files import DAMAGE, read_arrays, read_bytes
from pathway.folders import write_atomically

from ..objective import Objective
from ..problem import Problem, ProblemError
from ..search.processes import process_count, process_pool
from ..search.progress import duration_in_words
from .log_density import LogDensity

NEAR = 1e-2
"""By so much the log density may be off by that."""
METHODS = ("auto", "nuts", "ensemble")
FLUSHED = 1.0
"""Seconds after which answers are on disk and the progress is told."""
LOOSE_RUNS = 1e-6
"""Relative tolerance of runs while a chain is under way.

What a run then gives is still a function of the point alone, so the energy that decides about a draw belongs to one
density, near the wanted one, and the chain is exact for that; `Chain.deviation` says how near. Slopes may be looser
still: whatever force is a function of the position alone, leapfrog steps with it can be gone back and keep volume."""


@dataclass(frozen=True)
class SamplerOptions:
    """What is drawn; equal plans of equal problems give equal draws.

    Attributes
    ----------
    method : str
        "nuts" or "ensemble".
    chains : int
    looks : tuple of int
        After so many draws of each chain, rising, the chains are compared; the last of them is the most that is drawn.
    tune : int
        Draws of each chain that are dropped before these.
    seed : int
    target_accept : float
        Of "nuts": how small its steps are made.
    """

    method: str
    chains: int = 4
    looks: tuple[int, ...] = (1000,)
    tune: int = 100
    seed: int = 1
    target_accept: float = 0.8


ARRAYS_OF_DRAWS = ("x", "log_density", "diverging", "deepest", "energy")


@dataclass(frozen=True, eq=False)
class Chain:
    """What one chain drew; a chain of an ensemble holds one row for each walker.

    Attributes
    ----------
    number : int
    x : array, shape (n_rows, n_draws, n_estimated)
        On the optimizer's scale.
    log_density : array, shape (n_rows, n_draws)
        Of `x` without the changes of coordinates: minus the objective, at the accuracy of the objective.
    diverging, deepest : bool array, shape (n_rows, n_draws)
        Whether a trajectory met a place where its energy was lost, and whether it was cut off as too long.
    energy : array, shape (n_rows, n_draws)
        nan without slopes.
    acceptance : float
    deviation : float
        How much the log density that the chain went by was off at its draws: the largest difference from
        `log_density`, a constant apart.
    evaluations, failures : int
        Of the objective, and how many of these were infinite.
    """

    number: int
    x: np.ndarray
    log_density: np.ndarray
    diverging: np.ndarray
    deepest: np.ndarray
    energy: np.ndarray
    acceptance: float
    deviation: float
    evaluations: int
    failures: int

    @property
    def draws(self) -> int:
        """How many there are in each row."""
        return self.x.shape[1]

    def first(self, draws: int) -> Chain:
        """The chain as it was after so many draws."""
        return replace(self, **{name: getattr(self, name)[:, :draws] for name in ARRAYS_OF_DRAWS})

    def save(self, folder: Path) -> None:
        """Write it into the folder, in full or not at all."""
        stream = io.BytesIO()
        np.savez(stream, **{f.name: getattr(self, f.name) for f in fields(self)})
        write_atomically(_kept(folder, self.number), stream.getvalue())

    @classmethod
    def load(cls, path: Path) -> Chain:
        """The chain that `save` wrote.

        Raises
        ------
        errors in `DAMAGE`
            If it is something else.
        """
        arrays = read_arrays(read_bytes(path), [f.name for f in fields(cls)])
        whole = {n: arrays[n].item() for n in ("number", "acceptance", "deviation", "evaluations", "failures")}
        check_draws(arrays)
        return cls(**{**arrays, **whole})


def check_draws(arrays: Mapping[str, np.ndarray]) -> None:
    """Raise ValueError if stored draws are no numbers, or do not belong to each other."""
    shape = arrays["x"].shape
    if len(shape) != 3 or 0 in shape or arrays["x"].dtype != float or not np.isfinite(arrays["x"]).all():
        raise ValueError("the draws are no numbers in rows, draws and parameters")
    for name, kind in (("log_density", "f"), ("diverging", "b"), ("deepest", "b"), ("energy", "f")):
        if arrays[name].shape != shape[:2] or arrays[name].dtype.kind != kind:
            raise ValueError(f"'{name}' is not of {shape[0]} x {shape[1]} draws")


def _kept(folder: Path, number: int) -> Path:
    return folder / chain_files(number)[0]


# The journal


class DensityJournal:
    """Answers of a density, in the order in which they were asked for.

    Parameters
    ----------
    path : Path
    slopes : int
        Slopes in each answer.
    """

    def __init__(self, path: Path, slopes: int) -> None:
        self.path = path
        width = 2 + slopes
        numbers = np.fromfile(path) if path.exists() else np.empty(0)
        self.rows = numbers[: len(numbers) // width * width].reshape(-1, width)
        self.asked = self.failed = 0
        self._file = open(path, "r+b" if path.exists() else "w+b")
        self._go_to(len(self.rows))
        self._flushed = time.monotonic()

    def ask(self, z: np.ndarray, answer: Callable[[np.ndarray], tuple[float, np.ndarray]]) -> tuple[float, np.ndarray]:
        """The answer at `z`: as noted, if this question was asked here before, else a new one."""
        row = self._noted(z)
        if row is None:
            value, slopes = answer(z)
            row = self._note(z, value, slopes)
        return float(row[1]), row[2:].copy()

    def ask_all(self, points: np.ndarray, answers: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Values at many points, shape (n_points, n_estimated); those not noted yet are answered together."""
        values = []
        for z in points:
            row = self._noted(z)
            if row is None:
                break
            values.append(float(row[1]))
        left = points[len(values) :]
        if len(left):
            values += [float(self._note(z, value, ())[1]) for z, value in zip(left, answers(left), strict=True)]
        return np.array(values)

    def _noted(self, z: np.ndarray) -> np.ndarray | None:
        """What is noted next, if it was asked at `z`; else all that follows goes."""
        if self.asked >= len(self.rows):
            return None
        row = self.rows[self.asked]
        if row[0] != _mark(z):  # another version of a library asks differently from here on
            self.rows = self.rows[: self.asked]
            self._go_to(self.asked)
            return None
        self._count(row)
        return row

    def _note(self, z: np.ndarray, value: float, slopes: Sequence[float] | np.ndarray) -> np.ndarray:
        row = np.array([_mark(z), value, *slopes])
        self._file.write(row.tobytes())
        if time.monotonic() - self._flushed > FLUSHED:
            self._file.flush()
            self._flushed = time.monotonic()
        self._count(row)
        return row

    def _count(self, row: np.ndarray) -> None:
        self.asked += 1
        self.failed += not math.isfinite(row[1])

    def _go_to(self, row: int) -> None:
        self._file.seek(row * self.rows.shape[1] * 8)
        self._file.truncate()

    def close(self, remove: bool) -> None:
        """No more questions; `remove` it where the chain is kept."""
        self._file.close()
        if remove:
            self.path.unlink()


def _mark(z: np.ndarray) -> float:
    return float(zlib.crc32(np.ascontiguousarray(z).tobytes()))


# One chain


Report = Callable[[int], None]
"""Called with the draws made so far, dropped ones included."""


def run_chain(
    density: LogDensity, ends: np.ndarray, plan: SamplerOptions, draws: int, number: int, folder: Path, report: Report
) -> Chain:
    """Draw one chain and keep it in the folder; its journal stays as long as more may be asked of it.

    Parameters
    ----------
    density : LogDensity
    ends : array, shape (n_ends, n_estimated)
        Optima on the optimizer's scale; chain k begins near end k modulo n_ends.
    plan : SamplerOptions
    draws : int
        One of the plan's looks.
    number : int
    folder : Path
    report : callable

    Raises
    ------
    ProblemError
        If no point near its end can be computed.
    """
    slopes = len(density.centre) if plan.method == "nuts" else 0
    journal = DensityJournal(folder / chain_files(number)[1], slopes)
    finished = False
    try:
        with density.objective.loosened(LOOSE_RUNS if _is_near(density) else 0.0):
            shorter = replace(plan, looks=(draws,))
            drawn = (_nuts if plan.method == "nuts" else _ensemble)(density, ends, shorter, number, journal, report)
        chain = _chain(density, number, journal, finished_chains(folder).get(number), **drawn)
        chain.save(folder)
        finished = draws == plan.looks[-1]
        return chain
    finally:
        journal.close(remove=finished)


def _is_near(density: LogDensity) -> bool:
    """Whether less accurate runs give nearly the same density, at some points as far out as draws will lie."""
    z = np.random.default_rng(0).normal(size=(8, len(density.centre)))
    with density.objective.loosened(LOOSE_RUNS):
        loose = density.values(z)
    return bool(np.isclose(loose, density.values(z), rtol=0.0, atol=NEAR).all())


def _chain(
    density: LogDensity,
    number: int,
    journal: DensityJournal,
    before: Chain | None,
    z: np.ndarray,
    log_density: np.ndarray,
    **drawn: Any,
) -> Chain:
    """A chain of draws `z`, shape (n_rows, n_draws, n_estimated), and what it took for their log density; `before` are
    its first draws, whose accurate log density is known."""
    known = 0 if before is None else before.draws
    x = density.points(z)
    accurate = -density.objective.values(x[:, known:].reshape(-1, x.shape[-1])).reshape(log_density[:, known:].shape)
    if before is not None:
        accurate = np.concatenate([before.log_density, accurate], axis=1)
    apart = log_density - _gains(density, z) - accurate
    return Chain(
        number=number,
        x=x,
        log_density=accurate,
        deviation=float(np.abs(apart - np.median(apart)).max()),
        evaluations=journal.asked,
        failures=journal.failed,
        **drawn,
    )


def _nuts(
    density: LogDensity, ends: np.ndarray, plan: SamplerOptions, number: int, journal: DensityJournal, report: Report
) -> dict[str, Any]:
    """By the No-U-Turn sampler of nutpie."""
    with importing_quietly():
        import nutpie
        from nutpie.compiled_pyfunc import from_pyfunc

    n, done = len(density.centre), [0]
    mistakes: list[BaseException] = []

    def log_density() -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        return ask

    def ask(z: np.ndarray) -> tuple[float, np.ndarray]:
        # What is raised here would tear down the sampler's thread in the middle; it ends below instead.
        if mistakes:
            return -math.inf, np.zeros(n)
        try:
            return journal.ask(np.array(z), density.sloped)
        except BaseException as mistake:
            mistakes.append(mistake)
            return -math.inf, np.zeros(n)

    def expanded(*_: int) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
        def expand(z: np.ndarray) -> dict[str, np.ndarray]:
            done[0] += 1
            return {"z": np.array(z)}

        return expand

    rng = np.random.default_rng([plan.seed, number])
    start = _starts(density, ends, number, 1, rng, lambda z: journal.ask(z, density.sloped)[0])[0]
    model = from_pyfunc(
        n,
        log_density,
        expanded,
        [np.dtype("float64")],
        [(n,)],
        ["z"],
        make_initial_point_fn=lambda seed: start,
    )
    sampler = nutpie.sample(
        model,
        draws=plan.looks[-1],
        tune=plan.tune,
        chains=1,
        cores=1,
        seed=int(rng.integers(2**62)),
        save_warmup=False,
        progress_bar=False,
        blocking=False,
        target_accept=plan.target_accept,
    )
    try:
        trace = None
        while trace is None:
            try:
                trace = sampler.wait(timeout=FLUSHED)
            except TimeoutError:
                report(done[0])
            if mistakes:
                raise mistakes[0]
    except BaseException:
        sampler.cancel()
        raise
    seen = trace.sample_stats
    return {
        "z": trace.posterior["z"].values,
        "log_density": seen["logp"].values,
        "diverging": seen["diverging"].values,
        "deepest": seen["maxdepth_reached"].values,
        "energy": seen["energy"].values,
        "acceptance": float(seen["mean_tree_accept"].values.mean()),
    }


def _ensemble(
    density: LogDensity, ends: np.ndarray, plan: SamplerOptions, number: int, journal: DensityJournal, report: Report
) -> dict[str, Any]:
    """By the affine-invariant ensemble of emcee, which asks for no slopes."""
    import emcee

    def values(points: np.ndarray) -> np.ndarray:
        return journal.ask_all(np.atleast_2d(points), density.values)

    n = len(density.centre)
    walkers = 2 * max(2 * n, 4)
    rng = np.random.default_rng([plan.seed, number])
    start = _starts(density, ends, number, walkers, rng, lambda z: float(values(z)[0]))
    sampler = emcee.EnsembleSampler(walkers, n, values, vectorize=True)
    sampler.random_state = np.random.RandomState(int(rng.integers(2**32))).get_state()
    began = time.monotonic()
    for step, _ in enumerate(sampler.sample(start, iterations=plan.tune + plan.looks[-1])):
        if time.monotonic() - began > FLUSHED:
            began = time.monotonic()
            report(step)
    z = np.swapaxes(sampler.get_chain(discard=plan.tune), 0, 1)
    log_density = sampler.get_log_prob(discard=plan.tune).T
    return {
        "z": z,
        "log_density": log_density,
        "diverging": np.zeros(log_density.shape, dtype=bool),
        "deepest": np.zeros(log_density.shape, dtype=bool),
        "energy": np.full(log_density.shape, np.nan),
        "acceptance": float(np.mean(sampler.acceptance_fraction)),
    }


def _gains(density: LogDensity, z: np.ndarray) -> np.ndarray:
    """What the changes of coordinates add to the log density, shape of z without its last axis."""
    flat = z.reshape(-1, z.shape[-1])
    return np.array([density.gain(row) for row in flat]).reshape(z.shape[:-1])


STARTS = 100
"""So many points are tried for each chain or walker before it is given up."""


def _starts(
    density: LogDensity,
    ends: np.ndarray,
    number: int,
    count: int,
    rng: np.random.Generator,
    value: Callable[[np.ndarray], float],
) -> np.ndarray:
    """Points around an end, shape (count, n_estimated), as far apart as the posterior is wide there."""
    end = density.into(ends[number % len(ends)])
    points: list[np.ndarray] = []
    for attempt in range(STARTS * count):
        z = end + 0.97 ** (attempt / count) * rng.normal(size=len(end))
        if math.isfinite(value(z)):
            points.append(z)
            if len(points) == count:
                return np.array(points)
    name = density.objective.problem.name
    raise ProblemError([f"{name}: chain {number + 1} found no point near its optimum that can be computed"])


# All chains


def chain_files(number: int) -> tuple[str, str, str]:
    """What a chain keeps: what it drew, and while it runs, its journal and how far it is."""
    return f"chain_{number:03d}.npz", f"chain_{number:03d}.journal", f"chain_{number:03d}.progress"


def finished_chains(folder: Path) -> dict[int, Chain]:
    """The finished chains of a folder; one whose file is damaged is not finished."""
    done = {}
    for file in sorted(folder.glob("chain_*.npz")):
        try:
            chain = Chain.load(file)
        except DAMAGE:
            continue
        if file.name == chain_files(chain.number)[0]:
            done[chain.number] = chain
    return done


class ChainProgress:
    """A line now and then while chains run: how far each is, and the time that is left.

    Parameters
    ----------
    stream : text stream, or None
    plan : SamplerOptions
    finished : int
        Chains that were finished before.
    """

    EVERY = 10.0

    def __init__(self, stream: TextIO | None, plan: SamplerOptions, finished: int) -> None:
        self.stream, self.plan = stream, plan
        self.begin(plan.looks[0], finished)
        if finished:
            self.say(f"{finished} of {plan.chains} chains were finished before")

    def begin(self, draws: int, finished: int) -> None:
        """So many draws are wanted of each chain, and so many chains have them."""
        self.draws, self.finished = draws, finished
        self.began = self.last = time.monotonic()
        self.at: dict[int, int] = {}
        self.before: dict[int, int] = {}

    def say(self, text: str) -> None:
        """A line."""
        if self.stream is not None:
            print(text, file=self.stream, flush=True)

    def tell(self, number: int, draws: int) -> None:
        """Chain `number` has made so many draws."""
        self.before.setdefault(number, draws)
        self.at[number] = draws
        now = time.monotonic()
        if now - self.last < self.EVERY:
            return
        self.last = now
        total = self.plan.tune + self.draws
        drawn = sum(self.at.values()) - sum(self.before.values())
        missing = (self.plan.chains - self.finished) * total - sum(self.at.values())
        left = f"; {duration_in_words((now - self.began) * missing / drawn)} left" if drawn else ""
        places = ", ".join(f"{k + 1}: {done}" for k, done in sorted(self.at.items()))
        self.say(f"draws of {total} in chain {places}{left}")

    def end(self, chain: Chain) -> None:
        """A chain is finished."""
        self.at[chain.number] = self.plan.tune + self.draws
        lost = int(chain.diverging.sum())
        self.say(
            f"chain {chain.number + 1} of {self.plan.chains}: {chain.evaluations} evaluations"
            + (f", {lost} divergences" if lost else "")
        )


def chain_task(
    problem: Problem, x: np.ndarray, ends: np.ndarray, plan: SamplerOptions, draws: int, number: int, folder: Path
) -> int:
    """A chain in a process of its own; how far it is stands in a file."""
    density = LogDensity(Objective(problem), x)
    place = folder / chain_files(number)[2]

    def report(done: int) -> None:
        place.write_text(str(done))

    run_chain(density, ends, plan, draws, number, folder, report)
    place.unlink(missing_ok=True)
    return number


Advance = Callable[[dict[int, Chain], int], None]
"""Makes each chain, all by number, as long as asked for."""


@contextmanager
def chain_workers(
    objective: Objective,
    ends: np.ndarray,
    plan: SamplerOptions,
    folder: Path,
    workers: int | None,
    executor: Executor | None,
    report: ChainProgress,
) -> Iterator[Advance]:
    """What runs chains, in this process or in others, which stay while it is needed."""
    density: list[LogDensity] = []

    def here(done: dict[int, Chain], draws: int) -> None:
        for k in _waiting(plan, done, draws, report):
            if not density:
                density.append(LogDensity(objective, ends[0]))
            done[k] = run_chain(density[0], ends, plan, draws, k, folder, lambda made, k=k: report.tell(k, made))  # type: ignore[misc]
            report.end(done[k])

    workers = process_count(workers, plan.chains, objective.problem)
    if executor is None and workers <= 1:
        yield here
        return
    with process_pool(workers, executor) as pool:

        def elsewhere(done: dict[int, Chain], draws: int) -> None:
            waiting = _waiting(plan, done, draws, report)
            tasks = {
                pool.submit(chain_task, objective.problem, ends[0], ends, plan, draws, k, folder.resolve())
                for k in waiting
            }
            _collect(tasks, waiting, folder, report, done)

        yield elsewhere


def _waiting(plan: SamplerOptions, done: dict[int, Chain], draws: int, report: ChainProgress) -> list[int]:
    """Chains that are shorter than asked for."""
    waiting = [k for k in range(plan.chains) if k not in done or done[k].draws < draws]
    report.begin(draws, plan.chains - len(waiting))
    return waiting


def _collect(
    left: set[Future[int]], waiting: list[int], folder: Path, report: ChainProgress, done: dict[int, Chain]
) -> None:
    """Take chains in as they end, and tell how far the others are."""
    running = set(waiting)
    while left:
        ended, left = wait(left, timeout=FLUSHED, return_when=FIRST_COMPLETED)
        for future in ended:
            number = future.result()
            running.discard(number)
            done[number] = Chain.load(_kept(folder, number))
            report.end(done[number])
        for k in running:
            place = folder / chain_files(k)[2]
            if place.exists():
                report.tell(k, int(place.read_text() or 0))


def remove_journals(folder: Path, plan: SamplerOptions) -> None:
    """Nothing more is asked of the chains."""
    for k in range(plan.chains):
        (folder / chain_files(k)[1]).unlink(missing_ok=True)
