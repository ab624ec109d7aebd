"""PEtab 1 and 2: a parameter estimation problem in tables around an SBML model becomes a `fitting.Problem`, and back.

The tables are read here, so that every message names a file and a line; the petab library judges whether they keep to
the standard. Formulas go through our own reader of PEtab's grammar.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pathway.extras import importing_quietly, installed_version, require
from pathway.fitting.problem import Problem, ProblemError
from pathway.kernels import read_cached, write_cached

from ..errors import line_of_name
from . import version1, version2
from .entities import attach_model
from .tables import problem_files, read_yaml

__all__ = ["problem_files", "read_petab"]


def read_petab(path: str | Path, lint: bool = True) -> Problem:
    """The fitting problem that a PEtab file describes.

    Parameters
    ----------
    path : str or Path
        The YAML file, format version 1 or 2, with one SBML model.
    lint : bool
        Whether the petab library checks the files too.

    Returns
    -------
    Problem

    Raises
    ------
    ProblemError
        With one line for each mistake, naming file and row; for what is not supported too (several models, models in
        another language than SBML, extensions).
    FormatError
        From the import of the SBML file.
    ImportError
        If files are to be checked and the petab library is not installed.

    Notes
    -----
    Schmiester et al. 2021, doi 10.1371/journal.pcbi.1008646. In the first period of an experiment its changes come
    before the model's initial assignments; a later change of a compartment leaves concentrations as they are.
    """
    from ..sbml import read_sbml

    if lint:
        require("petab")
    path = Path(path)
    content = read_yaml(path)
    version = str(content["format_version"]).split(".")[0]
    if version not in ("1", "2"):
        raise ProblemError([f"{path}: format_version is {content['format_version']}; expected 1 or 2.x"])
    parts = version1 if version == "1" else version2
    declared = read_sbml(path.parent / parts.model_file(content, path), parts.ids_with_values(content, path))
    problem = attach_model(declared, path, content, parts.parts_of_problem, version)
    if lint:  # afterwards, because messages from here name the row
        _lint(path, version, content)
    return problem


_OVERRULED = {
    # Whether the SBML file can be used is for our own reader to say, which names what is wrong in it.
    "Model is invalid.",
    # The last line of version 1 about problems of any kind; each has its own line, except those of the SBML file.
    "Not OK",
    # The library (0.8.2) takes the time in a target value for a parameter.
    "Missing parameter(s) in the model or the parameters table: {'time'}",
}
"""Complaints that are no reason to refuse a problem."""
_JUDGES = ("petab", "pandas", "python-libsbml", "sympy")


def _lint(path: Path, version: str, content: Mapping[str, Any]) -> None:
    """Pass on what the petab library complains about.

    Loading the library takes more processor time than reading a problem: what it once had nothing to say about is not
    shown to it again.
    """
    key = _key_of_verdict(path)
    if read_cached(key) is None:
        _ask_library(path, version, content)
        write_cached(key, {"clean": True}, b"")


def _key_of_verdict(path: Path) -> str:
    """What a verdict of the library depends on: every byte of the problem, its versions, and what we overrule."""
    digest = hashlib.sha256(repr([sorted(_OVERRULED), [(name, installed_version(name)) for name in _JUDGES]]).encode())
    for name, file in sorted(problem_files(path).items()):
        digest.update(f"{name} {len(file)}\n".encode() + file)
    return digest.hexdigest()


def _ask_library(path: Path, version: str, content: Mapping[str, Any]) -> None:
    complaints = _Complaints()
    logger = logging.getLogger("petab")
    logger.addHandler(complaints)
    propagated, logger.propagate = logger.propagate, False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            failed = _lint_1(path) if version == "1" else _lint_2(path)
    except Exception as reason:  # the library raises whatever its parsers raise
        raise ProblemError([f"{path}: petab: {' '.join(str(reason).split())}"]) from None
    finally:
        logger.removeHandler(complaints)
        logger.propagate = propagated
    if lines := [line for line in [*complaints.lines, *failed] if line not in _OVERRULED]:
        raise ProblemError([f"{_place(line, path, content)}: petab: {line}" for line in lines])


def _place(line: str, path: Path, content: Mapping[str, Any]) -> str:
    """The row that first has a name from a complaint, tables of parameters first; else the problem's file."""
    for name in sorted(_tables_in(content), key=lambda name: "parameter" not in name):
        table = path.parent / name
        row = line_of_name(table.read_text(encoding="utf-8"), line) if table.is_file() else None
        if row is not None:
            return f"{table}:{row}"
    return str(path)


def _tables_in(content: Any) -> list[str]:
    """Names of tables anywhere in the problem's file."""
    if isinstance(content, str):
        return [content] if content.endswith(".tsv") else []
    parts = content.values() if isinstance(content, Mapping) else content if isinstance(content, list) else []
    return [name for part in parts for name in _tables_in(part)]


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(" ".join(record.getMessage().split()))


def _lint_1(path: Path) -> list[str]:
    with importing_quietly():
        import petab.v1

    problem = petab.v1.Problem.from_yaml(str(path))
    # The check of the visualization table is of no concern here and warns when there is none.
    problem.visualization_df = None
    petab.v1.lint_problem(problem)
    return []


def _lint_2(path: Path) -> list[str]:
    with importing_quietly():
        import petab.v2

    results = petab.v2.Problem.from_yaml(str(path)).validate()
    return [str(item.message) for item in results if item.level >= petab.v2.lint.ValidationIssueSeverity.ERROR]


def nominal_parameters(problem: Problem) -> Mapping[str, Any]:
    """Nominal values by name, estimated and fixed."""
    return {p.name: p.value for p in problem.parameters}
