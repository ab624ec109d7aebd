"""Many local optimizations from spread starting points, kept on disk one by one.

Each start is a task of its own: its starting point follows from the seed and its number alone, and what it finds does
not depend on the others. So the result is the same with any number of workers, and a search that was killed goes on
with the starts that have no file yet.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator
from concurrent.futures import Executor, as_completed
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TextIO

import numpy as np

from ..objective import Objective
from ..problem import Problem, ProblemError
from .on_disk import FIT_KIND, finished_starts, start_file, work_folder, write_start
from .one_start import run_start
from .options import SearchOptions
from .processes import pack_task, process_count, process_pool
from .progress import SearchProgress
from .result import Fit, StartResult
from .starting_points import starting_points


def fit(
    problem: Problem,
    starts: int = 20,
    seed: int = 1,
    *,
    workers: int | None = None,
    directory: str | Path | None = None,
    executor: Executor | None = None,
    progress: TextIO | None = None,
    plan: SearchOptions | None = None,
    force: bool = False,
) -> Fit:
    """The best parameters of a problem, from many starting points.

    Parameters
    ----------
    problem : Problem
    starts : int
        How many local optimizations.
    seed : int
    workers : int, optional
        Processes; 1 stays in this one; None: one for each core, but no more than starts, and this one if something
        in the problem is defined in the main program. They never import the main program: no main guard is needed.
    directory : str or Path, optional
        Where every finished local optimization is kept; one that holds some goes on from there.
    executor : concurrent.futures.Executor, optional
        Something else that runs tasks (a Dask client's executor).
    progress : text stream, optional
        Where a line about every finished start goes.
    plan : SearchOptions, optional
        Everything else; `starts` and `seed` replace its own.
    force : bool
        Replace other work that the directory holds.

    Returns
    -------
    Fit
        Also after Ctrl-C, with what was finished until then.

    Raises
    ------
    FolderError
        If the directory holds another search, or something else.
    ProblemError
        If nothing is to be estimated, or several workers are asked for and
        something in the problem is defined in the main program, where they cannot find it.
    WorkerError
        If a worker process is killed.

    Notes
    -----
    Latin hypercube: McKay, Beckman & Conover 1979, doi 10.1080/00401706.1979.10489755. Multi-start local search against
    global methods on such problems: Raue et al. 2013, doi 10.1371/journal.pone.0074335.
    """
    if not problem.estimated:
        raise ProblemError([f"{problem.name}: no parameter is to be estimated"])
    plan = replace(plan or SearchOptions(), starts=starts, seed=seed)
    files = map(start_file, range(plan.starts))
    interrupted = False
    with ExitStack() as stack:
        folder = None
        if directory is not None:
            work = work_folder(Path(directory), FIT_KIND, problem, asdict(plan), files, force=force)
            folder = stack.enter_context(work).path
        stored = finished_starts(folder) if folder else {}
        done = {k: s for k, s in stored.items() if k < plan.starts and len(s.x) == len(problem.names)}
        report = SearchProgress(progress, plan.starts, done)
        waiting = [k for k in range(plan.starts) if k not in done]
        points = starting_points(problem, plan)
        try:
            for start in _finished(problem, plan, points, waiting, workers, executor):
                if folder is not None:
                    write_start(folder, start)
                done[start.number] = start
                report.tell(start)
        except KeyboardInterrupt:
            interrupted = True
            report.say(f"interrupted: {len(done)} of {plan.starts} starts are finished")
    return Fit(problem, tuple(done[k] for k in sorted(done)), plan.seed, interrupted)


def _finished(
    problem: Problem,
    plan: SearchOptions,
    points: np.ndarray,
    waiting: list[int],
    workers: int | None,
    executor: Executor | None,
) -> Iterator[StartResult]:
    """Starts as they finish, in any order."""
    workers = process_count(workers, len(waiting), problem)
    if executor is None and workers <= 1:
        objective = Objective(problem)
        for k in waiting:
            yield run_start(objective, plan, k, points[k])
        return
    with process_pool(workers, executor) as pool:
        packed = pack_task(problem)
        futures = [pool.submit(_task, packed, plan, k, points[k]) for k in waiting]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            raise


_OBJECTIVES: dict[bytes, Objective] = {}


def _task(packed: bytes, plan: SearchOptions, number: int, points: np.ndarray) -> StartResult:
    key = hashlib.sha256(packed).digest()
    if key not in _OBJECTIVES:
        _OBJECTIVES.clear()
        _OBJECTIVES[key] = Objective(pickle.loads(packed))  # made by ourselves in the process that started this one
    return run_start(_OBJECTIVES[key], plan, number, points)
