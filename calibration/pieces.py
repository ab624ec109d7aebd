"""Runs of the simulator in pieces that are kept on disk, so that work that was killed goes on where it stood.

A sampler asks for waves in an order that follows from its seed and from the answers. Each wave is cut into pieces of a
fixed size; a piece that lies in the folder answers at once if it is of the same coordinates, else it is made anew.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import lru_cache, partial
from importlib import import_module
from typing import Any

import numpy as np

from pathway.errors import InputError
from pathway.folders import GrowingFolder
from pathway.simulation.pieces import PieceRunner, StoredPieces


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


def run_piece(recipe: Recipe, z: np.ndarray) -> dict[str, np.ndarray]:
    """Simulated numbers of some coordinates, and the processor seconds they took."""
    target = recipe.make()
    began = time.process_time()
    simulated = np.asarray(target.simulate(z), dtype=float)
    return {"simulated": simulated, "seconds": np.array(time.process_time() - began)}


@dataclass(eq=False)
class PieceStore:
    """Answers to waves, from the folder or the simulator.

    Attributes
    ----------
    folder : GrowingFolder
    recipe : Recipe
    size : int
        Rows of a piece.
    runner : PieceRunner
        Who simulates; without, the work is done here.
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
    runner: PieceRunner = field(default_factory=lambda: PieceRunner(workers=1))
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
        pieces = StoredPieces(self.folder, f"pieces/{wave}", parts)
        self.seconds += sum(stored["seconds"].item() for stored in pieces.stored if stored is not None)
        if pieces.missing and self.seconds > self.budget:
            raise BudgetError(
                f"{self.folder.path}: the budget of {self.budget:.0f} processor seconds is used up; the same command "
                "with a larger --budget goes on from here"
            )
        new, simulated = set(pieces.missing), []
        for number, piece in enumerate(pieces.worked_out(self.runner, partial(run_piece, self.recipe))):
            simulated.append(piece["simulated"])
            if number in new:
                self.seconds += piece["seconds"].item()
                self.new_rows += len(parts[number])
        self.rows += len(z)
        return np.concatenate(simulated)
