"""Runs of the simulator in pieces that are kept on disk, so that work that was killed goes on where it stood.

A sampler asks for waves in an order that follows from its seed and from the answers. Each wave is cut into pieces of a
fixed size; a piece that lies in the folder answers at once if it is of the same coordinates, else it is made anew.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from pathway.errors import InputError
from pathway.folders import GrowingFolder


class BudgetError(InputError):
    """The processor time allowed is used up; what was computed stays and the same command goes on."""


@dataclass(frozen=True)
class Recipe:
    """How a worker makes the target: a function "module:name" and its arguments.

    Attributes
    ----------
    maker : str
    arguments : tuple of (str, object)
        Hashable.
    """

    maker: str
    arguments: tuple[tuple[str, Any], ...] = ()

    def make(self) -> Any:
        """The target; made once in each process."""
        return _target(self)


@lru_cache(maxsize=2)
def _target(recipe: Recipe) -> Any:
    module, _, name = recipe.maker.partition(":")
    return getattr(import_module(module), name)(**dict(recipe.arguments))


def run_piece(recipe: Recipe, z: np.ndarray) -> tuple[np.ndarray, float]:
    """Simulated numbers of some coordinates, and the processor seconds they took."""
    target = recipe.make()
    began = time.process_time()
    return np.asarray(target.simulate(z), dtype=float), time.process_time() - began


@dataclass(eq=False)
class PieceStore:
    """Answers to waves, from the folder or the simulator.

    Attributes
    ----------
    folder : GrowingFolder
    recipe : Recipe
    size : int
        Rows of a piece.
    executor : Executor, optional
        Without, the work is done here.
    budget : float
        Processor seconds of all pieces together, earlier ones included.
    seconds : float
        Processor seconds so far.
    rows, new_rows : int
        Vectors answered so far, and how many of these were simulated by this process.
    """

    folder: GrowingFolder
    recipe: Recipe
    size: int = 50
    executor: Executor | None = None
    budget: float = np.inf
    seconds: float = 0.0
    rows: int = 0
    new_rows: int = 0

    def __call__(self, wave: str, z: np.ndarray) -> np.ndarray:
        """Simulated numbers of a wave, shape (n, n_outputs).

        Raises
        ------
        BudgetError
        """
        parts = [z[i : i + self.size] for i in range(0, len(z), self.size)]
        names = [f"pieces/{wave}-{number:03d}.npz" for number in range(len(parts))]
        self.folder.plan(names)
        arrays = {name: self._kept(name, part) for name, part in zip(names, parts, strict=True)}
        missing = [(name, part) for name, part in zip(names, parts, strict=True) if arrays[name] is None]
        if missing and self.seconds > self.budget:
            raise BudgetError(
                f"{self.folder.path}: the budget of {self.budget:.0f} processor seconds is used up; the same command "
                "with a larger --budget goes on from here"
            )
        for name, part, answer in [(name, part, self._asked(part)) for name, part in missing]:
            simulated, seconds = answer()
            self.folder.write(name, packed(simulated=simulated, seconds=seconds, digest=_digest(part)))
            arrays[name] = simulated
            self.seconds += seconds
            self.new_rows += len(part)
        self.rows += len(z)
        return np.concatenate([a for a in arrays.values() if a is not None])

    def _asked(self, part: np.ndarray) -> Callable[[], tuple[np.ndarray, float]]:
        if self.executor is None:
            return lambda: run_piece(self.recipe, part)
        future: Future[tuple[np.ndarray, float]] = self.executor.submit(run_piece, self.recipe, part)
        return future.result

    def _kept(self, name: str, part: np.ndarray) -> np.ndarray | None:
        path = self.folder.path / name
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as stored:
            if stored["digest"].item() != _digest(part):
                return None
            self.seconds += stored["seconds"].item()
            return stored["simulated"]


def _digest(z: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(z, dtype=float).tobytes()).hexdigest()


def packed(**arrays: Any) -> bytes:
    """Arrays as the bytes of an NPZ file without pickles."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()
