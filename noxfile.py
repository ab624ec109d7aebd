"""Checks, each in an environment of its own: `nox -s lint tests docs`; `nox -l` lists them.

Needs `nox` and whatever Python versions are at hand; a version that is not is skipped.
"""

from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests", "docs"]
nox.options.reuse_existing_virtualenvs = True
VERSIONS = ["3.11", "3.12", "3.13"]
SINGLE_THREADED = {"OMP_NUM_THREADS": "1"}


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, and imports that point one way."""
    session.install(".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("pytest", "-q", "tests/test_layers.py", "tests/test_architecture.py", env=SINGLE_THREADED)


@nox.session(python=VERSIONS)
def tests(session: nox.Session) -> None:
    """What a change is checked with; words behind `--` go to pytest."""
    session.install(".[test]")
    session.run("pytest", "-n", "2", *session.posargs, env=SINGLE_THREADED)


@nox.session
def slow(session: nox.Session) -> None:
    """Minutes to hours of the same checks on more cases, the documentation's outputs among them."""
    session.install(".[test]")
    session.run("pytest", "-m", "slow", *session.posargs, env=SINGLE_THREADED)


@nox.session
def docs(session: nox.Session) -> None:
    """The site, in build/docs/html; a warning or a broken link is an error."""
    session.install(".[docs]")
    session.run("python", "-m", "docs.build", env=SINGLE_THREADED)


@nox.session
def bench(session: nox.Session) -> None:
    """Side by side with other simulators; minutes of an idle machine."""
    session.install(".[bench]")
    session.run("python", "-m", "benchmarks", *session.posargs, env=SINGLE_THREADED)


@nox.session
def wheel(session: nox.Session) -> None:
    """What is shipped: built, installed where nothing else is, and run away from the checkout."""
    built = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "pip", "wheel", "--no-deps", "-w", str(built), ".")
    session.install(str(next(built.glob("*.whl"))))
    session.cd(built)
    session.run("pathway", "--version")
    session.run("pathway", "run", "untreated_rest", "--ensemble", "none", "--force", env=SINGLE_THREADED)
