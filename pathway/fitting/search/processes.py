"""Processes that long work is spread over."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def process_pool(workers: int, executor: Executor | None = None) -> Iterator[Executor]:
    """Fresh processes to run tasks in, or what is there already; Ctrl-C ends them at once."""
    if executor is not None:
        yield executor
        return
    # A forked copy of a process with threads may hang; a fresh one reads the compiled kernels from disk.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_quiet)
    try:
        with _one_thread_each():
            yield pool
    except KeyboardInterrupt:
        for process in list(getattr(pool, "_processes", {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes begun inside use one thread for linear algebra, which is told by the environment they are born with."""
    name = "OMP_NUM_THREADS"
    free = name not in os.environ
    os.environ.setdefault(name, "1")
    try:
        yield
    finally:
        if free:
            del os.environ[name]


def _quiet() -> None:
    """Workers leave Ctrl-C to the process that started them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
