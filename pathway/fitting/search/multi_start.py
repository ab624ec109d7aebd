"""Many local optimizations from spread starting points, kept on disk one by one.

Each start is a task of its own: its starting point follows from the seed and its number alone, and of the others it
knows nothing but the values of the first half of those before it. So the result is the same with any number of
workers, a search that was killed goes on with the starts that have no file yet, and one that is asked for more starts
keeps those that it has.
"""

from __future__ import annotations

import hashlib
import math
import pickle
import time
from collections import deque
from collections.abc import Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TextIO

import numpy as np

from ..objective import Objective
from ..problem import Problem, ProblemError
from .on_disk import FIT_KIND, finished_starts, start_file, work_folder, write_start
from .one_start import EarlierStarts, earlier_count, earlier_starts, run_start
from .options import SearchOptions
from .processes import BEGINNING, is_quick, pack_task, process_count, process_pool
from .progress import SearchProgress
from .result import Fit, StartResult, count_at_best
from .starting_points import starting_points

OF_A_START = 200
"""Gradients that a start takes, about."""
AT_ONCE = 256
"""Starts that an executor is given at a time, where nobody says how many it can run."""


def fit(
    problem: Problem,
    starts: int = 20,
    seed: int = 1,
    *,
    workers: int | None = None,
    directory: str | Path | None = None,
    executor: Executor | None = None,
    until_agree: int | None = None,
    budget: float = math.inf,
    progress: TextIO | None = None,
    plan: SearchOptions | None = None,
    force: bool = False,
) -> Fit:
    """The best parameters of a problem, from many starting points.

    Parameters
    ----------
    problem : Problem
    starts : int
        How many local optimizations; at most so many with `until_agree` or a budget.
    seed : int
    workers : int, optional
        Processes; 1 stays in this one; None: one for each core, but no more than starts, and this one if the search
        takes less than beginning others does or something in the problem is defined in the main program. They never
        import the main program: no main guard is needed. With an executor, how many starts it is given at a time.
    directory : str or Path, optional
        Where every finished local optimization is kept; one that holds some goes on from there.
    executor : concurrent.futures.Executor, optional
        Something else that runs tasks (a Dask client's executor).
    until_agree : int, optional
        No more starts than it takes until so many of them end at the best value (within 0.1): the first ones by
        number, so that the result does not depend on which was finished when.
    budget : float
        Seconds after which no further start begins; those that run are waited for, and one is always made.
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
        If nothing is to be estimated, `until_agree` is more than `starts` or fewer than 2, or several workers are
        asked for and something in the problem is defined in the main program, where they cannot find it.
    WorkerError
        If a worker process is killed.

    Notes
    -----
    Starting points: Joe & Kuo 2008, doi 10.1137/070709359, scrambled. Multi-start local search against
    global methods on such problems: Raue et al. 2013, doi 10.1371/journal.pone.0074335.
    """
    if not problem.estimated:
        raise ProblemError([f"{problem.name}: no parameter is to be estimated"])
    if until_agree is not None and not 2 <= until_agree <= starts:
        raise ProblemError([f"until_agree is {until_agree}; expected 2 to the number of starts, {starts}"])
    plan = replace(plan or SearchOptions(), starts=starts, seed=seed)
    what_decides = {name: value for name, value in asdict(plan).items() if name != "starts"}
    deadline = time.monotonic() + budget
    interrupted = False
    with ExitStack() as stack:
        folder = None
        if directory is not None:
            files = map(start_file, range(starts))
            work = work_folder(Path(directory), FIT_KIND, problem, what_decides, files, force=force)
            folder = stack.enter_context(work)
        stored = finished_starts(folder.path) if folder else {}
        done = {k: s for k, s in stored.items() if k < starts and len(s.x) == len(problem.names)}
        report = SearchProgress(progress, None if until_agree else starts, done)
        waiting = [k for k in range(starts) if k not in done]
        running = _finished(problem, plan, waiting, dict(done), workers, executor, deadline)
        try:
            while (enough := _starts_until(until_agree, done)) is None and (start := next(running, None)) is not None:
                if folder is not None:
                    write_start(folder.path, start)
                done[start.number] = start
                report.tell(start)
        except KeyboardInterrupt:
            interrupted = True
            report.say(f"interrupted: {len(done)} of {starts} starts are finished")
        finally:
            running.close()
        if enough is not None:
            report.say(f"{until_agree} of the first {enough} starts agree")
            done = {k: done[k] for k in range(enough)}
        elif len(done) < starts and not interrupted:
            report.say(f"the budget is spent: {len(done)} of {starts} starts are finished")
        if folder is not None:
            folder.finished = enough is not None  # no more files are expected
    return Fit(problem, tuple(done[k] for k in sorted(done)), plan.seed, interrupted)


def _starts_until(agree: int | None, done: Mapping[int, StartResult]) -> int | None:
    """How many starts it takes, from the first on without a gap, until so many agree; None: more than are done."""
    if agree is None:
        return None
    values: list[float] = []
    while (start := done.get(len(values))) is not None:
        values.append(start.objective)
        if count_at_best(values) >= agree:
            return len(values)
    return None


def _finished(
    problem: Problem,
    plan: SearchOptions,
    waiting: list[int],
    finished: dict[int, StartResult],
    workers: int | None,
    executor: Executor | None,
    deadline: float,
) -> Generator[StartResult]:
    """Starts as they finish, in any order; after the deadline none begins, but for the first of all.

    `finished`: the starts that are there, by number, to which those that finish are added.
    """
    points = starting_points(problem, plan)
    objective = Objective(problem) if executor is None else None
    if objective is None:
        workers = workers or AT_ONCE
    else:
        spare = _seconds_here(objective, points[0, 0], workers, len(waiting))
        workers = process_count(workers, len(waiting), problem)
        began = time.process_time()
        while waiting and (workers <= 1 or time.process_time() - began < spare):
            k, waiting = waiting[0], waiting[1:]
            finished[k] = run_start(objective, plan, k, points[k], earlier_starts(k, finished))
            yield finished[k]
            if time.monotonic() > deadline:
                return
        if not waiting:
            return
    with process_pool(workers, executor) as pool:
        packed, any_begun = pack_task(problem), False
        numbers, running = deque(waiting), set[Future[StartResult]]()
        try:
            while True:
                while numbers and len(running) < workers and _can_begin(numbers[0], finished):
                    if any_begun and time.monotonic() > deadline:
                        numbers.clear()
                        break
                    k = numbers.popleft()
                    running.add(pool.submit(_task, packed, plan, k, points[k], earlier_starts(k, finished)))
                any_begun = True
                if not running:
                    return
                left = deadline - time.monotonic()
                ended, running = wait(running, left if 0.0 < left < math.inf else None, FIRST_COMPLETED)
                for future in ended:
                    start = future.result()
                    finished[start.number] = start
                    yield start
        except BaseException:
            for future in running:
                future.cancel()
            raise


def _seconds_here(objective: Objective, x: np.ndarray, workers: int | None, n_starts: int) -> float:
    """Processor seconds that starts are given in this process before others are begun: none where that many processes
    were asked for, or one start takes longer than beginning them does."""
    if workers is not None or n_starts < 2 or not is_quick(objective, x, OF_A_START):
        return 0.0
    return BEGINNING


def _can_begin(number: int, finished: Mapping[int, StartResult]) -> bool:
    """Whether all starts that this one knows of are finished."""
    return all(k in finished for k in range(earlier_count(number)))


_OBJECTIVES: dict[bytes, Objective] = {}


def _task(packed: bytes, plan: SearchOptions, number: int, points: np.ndarray, earlier: EarlierStarts) -> StartResult:
    key = hashlib.sha256(packed).digest()
    if key not in _OBJECTIVES:
        _OBJECTIVES.clear()
        _OBJECTIVES[key] = Objective(pickle.loads(packed))  # made by ourselves in the process that started this one
    return run_start(_OBJECTIVES[key], plan, number, points, earlier)
