"""Saved fits, posteriors and profiles read again: numbers from JSON and NPZ, the problem from `inputs/` beside them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from pathway.errors import InputError, public_function
from pathway.files import DAMAGE, is_inside_folder, read_json
from pathway.fitting.problem import Problem, ProblemError
from pathway.fitting.search.result import Fit
from pathway.fitting.search.stored import source_from_dict
from pathway.fitting.uncertainty.profiles import Profiles
from pathway.fitting.uncertainty.sampling import Posterior, draws_metadata

from .problems import open_problem

FIT, POSTERIOR, PROFILES = "fit.json", "posterior.npz", "profiles.json"
RECORD = "provenance.json"
Loaded = TypeVar("Loaded")


@public_function
def load_fit(path: str | Path, problem: Problem | str | Path | None = None) -> Fit:
    """A fit that `pathway fit` or `Fit.save` wrote.

    Parameters
    ----------
    path : str or Path
        The file, or the folder of 'pathway fit'.
    problem : Problem, str or Path, optional
        What was fitted, or its file; needed only for a problem that was put together in Python.

    Returns
    -------
    Fit
        Parameters in natural units, in the order of `names` of its problem.

    Raises
    ------
    ProblemError
        If it cannot be read, or is of another problem; one line.

    Examples
    --------
    >>> import pathway
    >>> pathway.load_fit("results/nothing_here")
    Traceback (most recent call last):
    ...
    pathway.fitting.problem.ProblemError: results/nothing_here: there is no such file
    """
    return _loaded(path, FIT, problem, read_json, lambda file, content, own: Fit.from_dict(content, own))


@public_function
def load_profiles(path: str | Path, problem: Problem | str | Path | None = None) -> Profiles:
    """Profiles that `pathway profile` or `Profiles.save` wrote.

    Parameters
    ----------
    path : str or Path
        The file, or the folder of the command.
    problem : Problem, str or Path, optional
        As in `load_fit`.

    Returns
    -------
    Profiles
        Parameters in natural units, in the order of `names` of its problem.

    Raises
    ------
    ProblemError
        If it cannot be read, or is of another problem; one line.

    Examples
    --------
    >>> import pathway
    >>> pathway.load_profiles("results/nothing_here")
    Traceback (most recent call last):
    ...
    pathway.fitting.problem.ProblemError: results/nothing_here: there is no such file
    """
    return _loaded(path, PROFILES, problem, read_json, lambda file, content, own: Profiles.from_dict(content, own))


@public_function
def load_posterior(path: str | Path, problem: Problem | str | Path | None = None) -> Posterior:
    """Draws that `pathway sample` or `Posterior.save` wrote.

    Parameters
    ----------
    path : str or Path
        The file, or the folder of the command.
    problem : Problem, str or Path, optional
        As in `load_fit`.

    Returns
    -------
    Posterior
        Parameters in natural units, in the order of `names` of its problem.

    Raises
    ------
    ProblemError
        If it cannot be read, or is of another problem; one line.

    Examples
    --------
    >>> import pathway
    >>> pathway.load_posterior("results/nothing_here")
    Traceback (most recent call last):
    ...
    pathway.fitting.problem.ProblemError: results/nothing_here: there is no such file
    """
    return _loaded(path, POSTERIOR, problem, draws_metadata, lambda file, _, own: Posterior.from_file(file, own))


def is_saved(folder: Path, name: str) -> bool:
    """Whether a folder holds a saved result of this name, also one of an earlier version, which is not read."""
    return (folder / name).is_file() or _earlier(folder / name).is_file()


def _earlier(file: Path) -> Path:
    return file.with_suffix(".pickle")


def _loaded(
    path: str | Path,
    name: str,
    problem: Problem | str | Path | None,
    load: Callable[[Path], Any],
    read: Callable[[Path, Any, Problem], Loaded],
) -> Loaded:
    if not isinstance(path, str | Path):
        raise ProblemError([f"path: expected a file or the folder of a command, got {type(path).__name__}"])
    path = Path(path)
    file = path / name if path.is_dir() else path
    if file.suffix == ".pickle" or (not file.is_file() and _earlier(file).is_file()):
        raise ProblemError([_refused(_earlier(file))])
    try:
        content = load(file)
        if not isinstance(problem, Problem):
            problem = open_problem(problem).problem if problem is not None else _problem_of(file, content)
        return read(file, content, problem)
    except DAMAGE as error:
        if isinstance(error, InputError | ProblemError) or type(error).__module__.startswith("pathway."):
            raise ProblemError([f"{file}: {line}" for line in str(error).splitlines()]) from None
        kind = name.partition(".")[0]
        raise ProblemError([f"{file}: cannot be read as what 'pathway' writes for a {kind} ({error})"]) from None


def _refused(file: Path) -> str:
    again = "do it again"
    with suppress(*DAMAGE):
        again += f": {shlex.join(read_json(file.parent / RECORD)['command'])}"
    return f"{file}: a pickle of an earlier version, which can carry programs and is not read; {again}"


def _problem_of(file: Path, stored: Any) -> Problem:
    """The problem in the files that something holds, or in the inputs of the folder in which it lies."""
    source = source_from_dict(stored)
    if source is not None:
        with TemporaryDirectory() as folder:
            for name, content in source.inputs.items():
                if not is_inside_folder(Path(folder) / name, Path(folder)):
                    raise ValueError(f"'{name}' is no name of an input")
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / name).write_bytes(content)
            return open_problem(Path(folder) / next(iter(source.inputs)), source.settings, source.without).problem
    place = file.parent / RECORD
    if not place.is_file():
        raise ProblemError(["the problem was put together in Python; give it as the second argument"])
    record = read_json(place)
    name = next(iter(record["inputs"]), "")
    if not name or not is_inside_folder(file.parent / "inputs" / name, file.parent):
        raise ProblemError([f"{RECORD} beside it names no input file; give the problem as the second argument"])
    return open_problem(file.parent / "inputs" / name, record["settings"], record["without"]).problem
