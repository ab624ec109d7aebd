"""Processes that long work is spread over.

A worker is a fresh interpreter that imports this module and then what its tasks name, never the program that asked:
so work is spread in the same way from a script without a main guard, from standard input, `python -c`, a notebook
and any thread. (Workers of `multiprocessing` import the caller's main program, which then runs once more in each.)
Tasks and answers go through two pipes; a worker whose pipe is closed ends, however its caller ended: at once where it
is busy, else as any interpreter does, so that what its tasks have left to be cleared away at the end is.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from pathway.errors import NumericalError
from pathway.interpreter import start_interpreter

from ..problem import ProblemError

if TYPE_CHECKING:
    import numpy as np

    from ..objective import Objective

MAIN = "__main__"
BEGINNING = 2.0
"""Processor seconds until workers have imported what they need."""


class WorkerError(NumericalError):
    """A worker process ended before it had answered."""


@contextmanager
def process_pool(workers: int, executor: Executor | None = None) -> Iterator[Executor]:
    """Fresh processes to run tasks in, or what is there already; Ctrl-C and every other error ends them at once."""
    if executor is not None:
        yield executor
        return
    pool = _ProcessPool(workers)
    try:
        yield pool
    except BaseException:
        pool.kill()
        raise
    finally:
        pool.shutdown()


def process_count(workers: int | None, tasks: int, *shared: Any) -> int:
    """How many processes to use: as many as asked for; None: one for each core, but no more than tasks.

    With None, and if what tasks share cannot be sent to another process, the work stays in this one.
    """
    if workers is not None:
        return workers
    count = min(os.cpu_count() or 1, tasks)
    if count > 1:
        try:
            pack_task(shared)
        except ProblemError:
            return 1
    return count


def is_quick(objective: Objective, x: np.ndarray, gradients: int) -> bool:
    """Whether so many gradients of an objective take less than beginning worker processes does."""
    objective.slope(x)  # what is compiled or prepared once
    began = time.process_time()
    objective.slope(x)
    return gradients * (time.process_time() - began) < BEGINNING


# --- the side that asks -------------------------------------------------------------------------------------------


class _ProcessPool(Executor):
    """An executor with a thread for each worker, which hands it one task after the other."""

    def __init__(self, workers: int) -> None:
        self._workers = [_Worker() for _ in range(workers)]
        self._threads: list[threading.Thread] = []
        self._waiting: queue.SimpleQueue[tuple[Future[Any], bytes] | None] = queue.SimpleQueue()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a function that a module holds in one of the workers."""
        future: Future[Any] = Future()
        self._waiting.put((future, pack_task((fn, args, kwargs))))
        if len(self._threads) < len(self._workers):
            worker = self._workers[len(self._threads)]
            # No thread pool of the library: it takes no work once the main thread has come to its end.
            self._threads.append(threading.Thread(target=self._hand_out, args=(worker,), daemon=True))
            self._threads[-1].start()
        return future

    def _hand_out(self, worker: _Worker) -> None:
        with worker:
            while (item := self._waiting.get()) is not None:
                future, task = item
                if not future.set_running_or_notify_cancel():
                    continue
                try:
                    future.set_result(worker.answer(task))
                except BaseException as error:
                    future.set_exception(error)

    def kill(self) -> None:
        """End all workers now; what they have not answered is lost."""
        with suppress(queue.Empty):
            while item := self._waiting.get_nowait():
                item[0].cancel()
        for worker in self._workers:
            worker.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the workers end after the tasks that they have."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()


class _Worker:
    """One process, begun with its first task."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False
        self._lock = threading.Lock()

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process is not None:
            with suppress(OSError):  # a task may be left in a pipe that nobody reads
                self._process.__exit__(None, None, None)

    def answer(self, task: bytes) -> Any:
        """What a packed task returns; what it raises is raised here."""
        process = self._begun()
        assert process.stdin is not None and process.stdout is not None
        try:
            pickle.dump(task, process.stdin)
            process.stdin.flush()
            packed = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            self.kill()
            raise WorkerError(_ending(process.wait())) from None
        failed, value = pickle.loads(packed)
        if failed:
            raise _rebuilt(*value)
        return value

    def _begun(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._ended:
                raise WorkerError("the worker process was ended")
            if self._process is None:
                self._process = _begin()
            return self._process

    def kill(self) -> None:
        """End the process, if there is one, and begin no other."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                self._process.kill()


def _begin() -> subprocess.Popen[bytes]:
    # Our matrices are small: threads of the linear algebra library only get into the other workers' way.
    one_thread = {"OMP_NUM_THREADS": "1", **os.environ}
    return start_interpreter(f"from {__name__} import serve_tasks; serve_tasks()", env=one_thread)


def _ending(code: int) -> str:
    """How a worker ended, and what to do about it."""
    how = f"ended with exit code {code}"
    if code < 0:
        with suppress(ValueError):
            how = f"was killed by {signal.Signals(-code).name}"
    hint = ", as happens where memory runs out" if code == -9 else ""
    return f"a worker process {how} before it had answered{hint}; workers=1 (--workers 1) needs no other process"


class _Packer(pickle.Pickler):
    """A pickler that refuses what another process could not find."""

    def reducer_override(self, thing: Any) -> Any:
        """Nothing of its own."""
        if getattr(thing, "__module__", None) == MAIN and hasattr(thing, "__qualname__"):
            raise pickle.PicklingError(f"'{thing.__qualname__}' is defined in the main program")
        return NotImplemented


def pack_task(task: Any) -> bytes:
    """A task as bytes, for a worker.

    Raises
    ------
    ProblemError
        If something in it is not defined in a module, where another process can import it.
    """
    buffer = BytesIO()
    try:
        _Packer(buffer).dump(task)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        hint = "move it into a module, where worker processes can import it, or use workers=1 (--workers 1)"
        raise ProblemError([f"{error}: {hint}"]) from None
    return buffer.getvalue()


def _rebuilt(kind: type[BaseException], args: tuple[Any, ...], fields: dict[str, Any], trace: str) -> BaseException:
    """The exception of a worker; its class's constructor may expect other arguments than those it keeps."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    error.__cause__ = WorkerError(f"in the worker:\n{trace}")
    return error


# --- the side that works ------------------------------------------------------------------------------------------


def serve_tasks() -> None:
    """Answer tasks until the pipe they come through is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # What a task reads or prints must not get into the pipes.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=_receive, args=(tasks, waiting, busy), daemon=True).start()
    with suppress(OSError):
        while (task := waiting.get()) is not None:
            answer = _worked_out(task)
            busy.clear()  # before the answer is out, which the next task follows
            pickle.dump(answer, answers)
            answers.flush()


def _receive(tasks: BinaryIO, waiting: queue.SimpleQueue[bytes | None], busy: threading.Event) -> None:
    """Take tasks in; the end of the pipe is the end of the process, whatever it is doing."""
    with suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            task = pickle.load(tasks)
            busy.set()
            waiting.put(task)
    if busy.is_set():
        os._exit(0)
    waiting.put(None)


def _worked_out(packed: bytes) -> bytes:
    """The answer to a task: whether it failed, and its value or exception."""
    try:
        function, args, kwargs = pickle.loads(packed)  # made by ourselves in the process that started this one
        return pickle.dumps((False, function(*args, **kwargs)))
    except BaseException as error:
        trace = "".join(traceback.format_exception(error))
        try:
            return pickle.dumps((True, (type(error), error.args, error.__dict__, trace)))
        except Exception:
            return pickle.dumps((True, (RuntimeError, (f"{type(error).__name__}: {error}",), {}, trace)))
