"""Work spread over threads of this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

import numpy as np

from pathway.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_on_threads(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """What `work` makes of each item, in their order; an error is raised in the place of its result.

    The library's thread pool takes no work once the main thread has come to its end, as of a script that leaves the
    rest to another thread; these threads do.
    """
    waiting: SimpleQueue[tuple[Future[Result], Item]] = SimpleQueue()
    futures = []
    for item in items:
        futures.append(Future[Result]())
        waiting.put((futures[-1], item))

    def serve() -> None:
        with suppress(Empty):
            while True:
                future, item = waiting.get_nowait()
                try:
                    future.set_result(work(item))
                except BaseException as error:
                    future.set_exception(error)

    threads = [threading.Thread(target=serve, daemon=True) for _ in range(min(workers, len(futures)))]
    for thread in threads:
        thread.start()
    try:
        for future in futures:
            yield future.result()
    finally:
        with suppress(Empty):
            while True:
                waiting.get_nowait()
        for thread in threads:
            thread.join()


def worker_count(workers: int | None) -> int:
    """Threads to use: as asked, or one per core that this process may use."""
    if workers is not None:
        if not isinstance(workers, (int, np.integer)) or workers < 1:
            raise InputError(f"workers: expected a whole number of at least 1, got {workers!r}")
        return workers
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
