"""Long work in pieces: on threads of this process or on a cluster, each kept on disk once it is finished.

A piece follows from what it is given alone, and work is cut without a look at who does it: so results are the same to
the last bit for any number of workers, and work that was killed goes on where it stood.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from pathway.files import DAMAGE
from pathway.folders import GrowingFolder, discard_folder, growing_folder

from .threads import map_on_threads, worker_count

Item = TypeVar("Item")
Result = TypeVar("Result")
Arrays = Mapping[str, np.ndarray]
PARTS = ".parts"
"""Ending of the folder beside a result in which its pieces lie until it is written."""
PARTS_KIND = "parts of a result"


@dataclass(frozen=True)
class PieceRunner:
    """Who works through the pieces of long work, and where they are kept.

    Attributes
    ----------
    workers : int, optional
        Threads of this process; None: one per core.
    executor : object with `submit`, optional
        Runs pieces elsewhere: a Dask client, a `concurrent.futures` pool.
    parts : Path, optional
        A folder that is begun for the first work of more than one piece, and belongs to it alone.
    identity : mapping
        What tells this work from other work in that folder, whose pieces are then deleted.
    """

    workers: int | None = None
    executor: Any = None
    parts: Path | None = None
    identity: Mapping[str, Any] = field(default_factory=dict)

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """What `work` makes of each item, in their order; an executor wants what can be pickled.

        Parameters
        ----------
        work : callable
            What all pieces share travels with it, and is opened once in each process that works.
        items : sequence
        """
        if self.executor is None:
            yield from map_on_threads(work, items, worker_count(self.workers))
            return
        shared = zlib.compress(pickle.dumps(work))
        futures = [self.executor.submit(_work_elsewhere, shared, item) for item in items]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()

    def kept(self, name: str, work: Callable[[Item], Arrays], items: Sequence[Item], of: Any = ()) -> Iterator[Arrays]:
        """As `map`; pieces that lie in the folder are not worked out again.

        Parameters
        ----------
        name : str
            Of the files.
        work : callable
        items : sequence
            Told from others by their numbers and words.
        of : object
            What else in `work` decides the results and is not in the identity: arrays, numbers, words, records of them.
        """
        with self._folder(len(items)) as folder:
            yield from StoredPieces(folder, name, items, of).worked_out(self, work)

    def _folder(self, n_items: int) -> AbstractContextManager[GrowingFolder | None]:
        if self.parts is None or n_items < 2:
            return nullcontext()
        return growing_folder(self.parts, PARTS_KIND, self.identity, force=True)

    def clear(self) -> None:
        """Delete the pieces: the result that they are of is written."""
        if self.parts is not None:
            discard_folder(self.parts, PARTS_KIND)


class StoredPieces:
    """Pieces of which some lie in a folder.

    Attributes
    ----------
    stored : list of mapping or None
        What each has come to, as far as that is known.
    """

    def __init__(self, folder: GrowingFolder | None, name: str, items: Sequence[Any], of: Any = ()) -> None:
        self.folder, self.items = folder, items
        self.names = [f"{name}-{number:03d}.npz" for number in range(len(items))]
        self.digests: list[str] = []
        self.stored: list[Arrays | None] = [None] * len(items)
        if folder is not None:
            self.digests = list(_digests(of, items))
            folder.plan(self.names)
            self.stored = [_read(folder.path / n, d) for n, d in zip(self.names, self.digests, strict=True)]

    @property
    def missing(self) -> list[int]:
        """Pieces that are still to be worked out."""
        return [number for number, arrays in enumerate(self.stored) if arrays is None]

    def worked_out(self, runner: PieceRunner, work: Callable[[Any], Arrays]) -> Iterator[Arrays]:
        """All pieces in their order, each kept as soon as its turn has come."""
        new = runner.map(work, [self.items[number] for number in self.missing])
        for number, arrays in enumerate(self.stored):
            if arrays is None:
                arrays = next(new)
                if self.folder is not None:
                    self.folder.write(self.names[number], packed(**arrays, digest=np.array(self.digests[number])))
            yield arrays


def packed(**arrays: Any) -> bytes:
    """Arrays as the bytes of an NPZ file without pickles."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _read(path: Path, digest: str) -> Arrays | None:
    """A piece from its file; None where it is not there, damaged, or of other numbers."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (*DAMAGE, zipfile.BadZipFile, zlib.error):
        return None
    return arrays if str(arrays.pop("digest", "")) == digest else None


def _digests(of: Any, items: Sequence[Any]) -> Iterator[str]:
    """A hash of every item, and of what all share."""
    shared = hashlib.sha256(b"".join(_content(of)))
    for item in items:
        digest = shared.copy()
        for part in _content(item):
            digest.update(part)
        yield digest.hexdigest()


def _content(item: Any) -> Iterator[bytes]:
    """Everything in an item as bytes: the numbers of arrays, what records hold, and the text of all else."""
    if isinstance(item, np.ndarray) and item.dtype.kind == "f":
        yield np.ascontiguousarray(item, dtype=float).tobytes()
    elif is_dataclass(item) and not isinstance(item, type):
        yield type(item).__name__.encode()
        yield from _content([(f.name, getattr(item, f.name)) for f in fields(item)])
    elif isinstance(item, Mapping):
        yield from _content(sorted(item.items()))
    elif isinstance(item, list | tuple) and not all(isinstance(part, str | float) for part in item):
        for part in item:
            yield from _content(part)
            yield b"\0"
    else:
        yield repr(item).encode()


@lru_cache(maxsize=4)
def _opened(shared: bytes) -> Callable[[Any], Any]:
    work: Callable[[Any], Any] = pickle.loads(zlib.decompress(shared))  # made by the process that asks
    return work


def _work_elsewhere(shared: bytes, item: Any) -> Any:
    """One piece, where it is worked out: what all share is opened once, so that a model is prepared once."""
    return _opened(shared)(item)
