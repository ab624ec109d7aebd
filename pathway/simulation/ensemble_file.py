"""`simulate_to_file`: ensembles on disk, in parts that are each whole, so that a killed one opens and goes on.

While it grows, the file is a view of its parts, which lie in a folder beside it; members that are still to come are
nan. Once all are there, they are put together in one file and the folder goes. Each part says what its members were
run with, and holds the reasons of those that failed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from pathway.equations import Event, Model
from pathway.errors import InputError, public_function
from pathway.expressions import Expression, to_text
from pathway.extras import h5py, require
from pathway.folders import folder_lock

from .ensemble import CHUNK, Ensemble, simulate_ensemble
from .pieces import PARTS

_PLAN, _MEMBERS = "plan", "parameters_sha256"


@dataclass(frozen=True)
class EnsembleFile:
    """An ensemble on disk.

    Attributes
    ----------
    path : Path
        NetCDF: `values` (member, time, quantity), `time`, `quantity`, `failed_member` and `failure` (its reason).
    n_members : int
    failures : dict of member to reason
    seconds : float
        That this call took.
    n_done : int
        Members that are there, failed ones included; fewer than all while the file grows.
    """

    path: Path
    n_members: int
    failures: Mapping[int, str]
    seconds: float
    n_done: int

    @property
    def rate(self) -> float:
        """Members per second."""
        return self.n_members / self.seconds

    @property
    def values(self) -> np.ndarray:
        """All members, shape (n_members, n_times, n_quantities); nan in those that failed or are still to come."""
        with h5py().File(self.path) as file:
            return np.asarray(file["values"][:])


@public_function
def simulate_to_file(
    model: Model,
    times: Sequence[float] | np.ndarray,
    parameters: np.ndarray | Callable[[int, int], np.ndarray],
    path: str | Path,
    *,
    n_members: int | None = None,
    chunk: int = CHUNK,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> EnsembleFile:
    """As `simulate_ensemble`, chunk by chunk onto disk, so that memory holds one chunk at a time.

    Killed, the same call goes on with the members that are missing and ends with the same bits; where all are there
    already, nothing is computed. The file can be opened at any time, see `open_ensemble`.

    Parameters
    ----------
    model : Model
    times : array, shape (n_times,)
    parameters : array of shape (n_members, n_parameters), or a function of the first member and the one after the last
        The function gives the parameters of these members and must give the same whenever it is asked.
    path : str or Path
        A NetCDF file to be written; until it is whole, the folder PATH.parts lies beside it and belongs to it.
    n_members : int, optional
        Needed with a function.
    chunk : int
        Members in memory at a time.
    progress : callable, optional
        Told members done and members in all.
    **options
        As in `simulate_ensemble`; interventions are the same for all members.

    Returns
    -------
    EnsembleFile

    Raises
    ------
    InputError
        If something else stands at the path, also an ensemble of another model, other options or other members.
    ImportError
        If h5py is not installed (extra `netcdf`).
    """
    require("h5py")
    if callable(parameters) and n_members is None:
        raise InputError("n_members: needed when parameters is a function")
    n = int(n_members) if callable(parameters) else len(parameters)  # type: ignore[arg-type]
    began = time.perf_counter()
    names = tuple(options["observables"]) if options.get("observables") is not None else model.species
    parts = _Parts(Path(path), n, np.asarray(times, dtype=float), names, chunk)

    def rows_of(first: int, last: int) -> np.ndarray:
        return np.ascontiguousarray(parameters(first, last) if callable(parameters) else parameters[first:last])

    with parts.begun(_plan_of(model, times, n, chunk, rows_of(0, min(chunk, n)), options)):
        for first in range(0, n, chunk):
            last = min(first + chunk, n)
            rows = rows_of(first, last)
            members = hashlib.sha256(rows.tobytes()).hexdigest()
            if not parts.holds(first, members):
                parts.write(first, members, simulate_ensemble(model, times, rows, chunk=chunk, **options))
            if progress is not None:
                progress(last, n)
        failures = parts.joined()
    return EnsembleFile(Path(path), n, failures, time.perf_counter() - began, n)


@public_function
def open_ensemble(path: str | Path) -> EnsembleFile:
    """An ensemble on disk, also one that still grows or was killed.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    EnsembleFile

    Raises
    ------
    InputError
        If it is none.
    """
    path = Path(path)
    try:
        with h5py().File(path) as file:
            n, times, names = len(file["values"]), file["time"][:], [n.decode() for n in file["quantity"][:]]
            if not file["values"].is_virtual:
                return EnsembleFile(path, n, _failures_in(file), 0.0, n)
            parts = _Parts(path, n, times, names, int(file.attrs["chunk"]))
    except (OSError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read as an ensemble ({error})") from None
    done, failures = parts.contents()
    return EnsembleFile(path, n, failures, 0.0, done)


def _plan_of(model: Model, times: Any, n: int, chunk: int, first: np.ndarray, options: Mapping[str, Any]) -> str:
    """A text that differs between ensembles that differ in anything but parameters beyond the first chunk."""
    formulas = [model.derivatives, model.assignments, model.closed_initial, model.observables]
    entries = [
        model.species,
        model.parameters,
        model.parameter_values.tolist(),
        [[(name, to_text(e)) for name, e in group.items()] for group in formulas],
        [_event(event) for event in model.events],
        np.asarray(times, dtype=float).tolist(),
        (n, chunk, hashlib.sha256(first.tobytes()).hexdigest()),
        sorted((k, _written(v)) for k, v in options.items() if k not in ("workers", "executor")),
    ]
    return hashlib.sha256(repr(entries).encode()).hexdigest()


def _event(event: Event) -> list[Any]:
    """An event as text."""
    parts = [(f.name, getattr(event, f.name)) for f in fields(event)]
    plain: list[Any] = []
    for name, part in parts:
        if isinstance(part, Expression):
            part = to_text(part)
        elif isinstance(part, Mapping):
            part = [(key, to_text(value)) for key, value in part.items()]
        plain.append((name, repr(part)))
    return plain


def _written(value: Any) -> str:
    return repr(value.tolist()) if isinstance(value, np.ndarray) else repr(value)


class _Parts:
    """The parts of an ensemble, in a folder beside its file."""

    def __init__(self, path: Path, n: int, times: np.ndarray, names: Sequence[str], chunk: int) -> None:
        self.path, self.n, self.times, self.names, self.chunk = path, n, times, tuple(names), chunk
        self.folder = path.with_name(path.name + PARTS)

    def part(self, first: int) -> Path:
        """The file of the members from `first` on."""
        return self.folder / f"members_{first:09d}.h5"

    @contextmanager
    def begun(self, plan: str) -> Iterator[None]:
        """Alone with the folder and the file that shows what it holds, which are made if they are not there.

        Raises
        ------
        InputError
            If they are of another ensemble, something else stands there, or another process is at work in them.
        """
        stored = self._plan()
        if stored is not None and stored != plan:
            raise InputError(
                f"{self.path}: holds an ensemble of another model, other times, parameters or options; name another"
            )
        if stored is None:
            if self.path.exists() or (self.folder.exists() and not self._only_drafts()):
                raise InputError(f"{self.path}: something else stands there or at {self.folder.name}; name another")
            self.folder.mkdir(parents=True, exist_ok=True)
        if not self.folder.exists():  # finished
            yield
            return
        with folder_lock(self.folder, wait=False):
            if stored is None:
                self._replace(self.path, lambda file: self._fill_view(file, plan))
            elif self._is_whole():  # killed while the folder went
                shutil.rmtree(self.folder)
            yield

    def _only_drafts(self) -> bool:
        """Whether the folder is one that a process has just made when it was killed."""
        draft = f".{self.path.name}."
        return self.folder.is_dir() and all(entry.name.startswith(draft) for entry in self.folder.iterdir())

    def _plan(self) -> str | None:
        """What the file says that it is of; None if there is none of ours."""
        try:
            with h5py().File(self.path) as file:
                return str(file.attrs[_PLAN])
        except (OSError, KeyError):
            return None

    def _is_whole(self) -> bool:
        """Whether all members stand in the file itself."""
        with h5py().File(self.path) as file:
            return not file["values"].is_virtual

    def _replace(self, path: Path, fill: Callable[[Any], None]) -> None:
        """A file that is there in full or not at all; what a killed process leaves goes with the folder."""
        draft = self.folder / f".{path.name}.{os.getpid()}"
        try:
            with h5py().File(draft, "w") as file:
                fill(file)
            with open(draft, "rb") as written:
                os.fsync(written.fileno())
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)

    def _fill_axes(self, file: Any, plan: str, values: Any) -> None:
        """Dimensions as NetCDF wants them."""
        file.attrs[_PLAN], file.attrs["chunk"] = plan, self.chunk
        axes = {"member": np.arange(self.n), "time": self.times, "quantity": np.array(self.names, dtype="S")}
        for k, (name, along) in enumerate(axes.items()):
            _add_axis(file, name, along)
            values.dims[k].attach_scale(file[name])

    def _fill_view(self, file: Any, plan: str) -> None:
        layout = h5py().VirtualLayout((self.n, len(self.times), len(self.names)), dtype=float)
        for first in range(0, self.n, self.chunk):
            last = min(first + self.chunk, self.n)
            place = f"{self.folder.name}/{self.part(first).name}"
            shape = (last - first, len(self.times), len(self.names))
            layout[first:last] = h5py().VirtualSource(place, "values", shape=shape)
        self._fill_axes(file, plan, file.create_virtual_dataset("values", layout, fillvalue=np.nan))

    def holds(self, first: int, members: str) -> bool:
        """Whether the members from `first` on are there.

        Raises
        ------
        InputError
            If they were made with other parameters.
        """
        place, number = (self.part(first), 0) if self.folder.exists() else (self.path, first // self.chunk)
        try:
            with h5py().File(place) as file:
                stored = file[_MEMBERS][number].decode()
        except (OSError, KeyError):
            return False  # not there, or damaged: made anew
        if stored != members:
            raise InputError(f"{self.path}: member {first} and those after it were run with other parameters")
        return True

    def write(self, first: int, members: str, ensemble: Ensemble) -> None:
        """Keep the members from `first` on."""

        def fill(file: Any) -> None:
            file["values"], file[_MEMBERS] = ensemble.values, np.array([members], dtype="S")
            _write_failures(file, {first + member: str(error) for member, error in ensemble.failures.items()})

        self._replace(self.part(first), fill)

    def contents(self) -> tuple[int, dict[int, str]]:
        """Members that are there, and why some failed."""
        done = 0
        failures: dict[int, str] = {}
        for first in range(0, self.n, self.chunk):
            try:
                with h5py().File(self.part(first)) as file:
                    done += len(file["values"])
                    failures |= _failures_in(file)
            except (OSError, KeyError):
                continue
        return done, failures

    def joined(self) -> dict[int, str]:
        """Put all parts into one file, if that has not been done; the folder goes. Why members failed."""
        if not self.folder.exists():
            with h5py().File(self.path) as file:
                return _failures_in(file)
        _, failures = self.contents()
        plan, firsts = str(self._plan()), range(0, self.n, self.chunk)

        def fill(file: Any) -> None:
            shape = (self.n, len(self.times), len(self.names))
            values = file.create_dataset("values", shape, dtype=float)
            members = []
            for first in firsts:
                with h5py().File(self.part(first)) as part:
                    values[first : first + self.chunk] = part["values"][:]
                    members.append(part[_MEMBERS][0])
            self._fill_axes(file, plan, values)
            _add_axis(file, "part", np.array(firsts, dtype=np.int64))
            file[_MEMBERS] = np.array(members, dtype="S64")
            file[_MEMBERS].dims[0].attach_scale(file["part"])
            _write_failures(file, failures)

        self._replace(self.path, fill)
        shutil.rmtree(self.folder)
        return failures


def _add_axis(file: Any, name: str, along: np.ndarray) -> None:
    """A dimension with its values."""
    file[name] = along
    file[name].make_scale(name)


def _write_failures(file: Any, failures: Mapping[int, str]) -> None:
    reasons = [text.encode() for text in failures.values()]
    _add_axis(file, "failed_member", np.array(list(failures), dtype=np.int64))
    file["failure"] = np.array(reasons, dtype=f"S{max(map(len, reasons), default=1)}")
    file["failure"].dims[0].attach_scale(file["failed_member"])


def _failures_in(file: Any) -> dict[int, str]:
    reasons = [text.decode() for text in file["failure"][:]]
    return dict(zip(map(int, file["failed_member"][:]), reasons, strict=True))
