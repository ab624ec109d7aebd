"""The command line: parses, calls, prints, sets the exit code. Computes nothing itself.

One module for each group of commands, listed in `GROUPS`. To add a command: write `pathway/cli/NAME.py` with

    def register(app: typer.Typer) -> None:
        app.command("name", rich_help_panel="Analyze")(name)

add "NAME" to `GROUPS`, and the command to the list in `tests/cli/test_commands.py`. Import numpy, the engine and
everything else that takes time inside the function: `pathway --help` loads every module here. Output of `--json`
goes through `console.print_json` (one object on standard output), progress and messages through `console.say`
(standard error). Raise what the rooms raise; `main` turns it into one line and an exit code:

    0 done    1 bad input    2 numerical failure    3 a stated expectation or a replay not met
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

GROUPS = (
    "run",
    "check",
    "compare",
    "analyze",
    "show",
    "export",
    "fit",
    "uncertainty",
    "compare_fits",
    "plot",
    "validate",
    "replay",
    "cite",
)

DONE, BAD_INPUT, NUMERICAL_FAILURE, NOT_MET = 0, 1, 2, 3
INTERRUPTED = 130

_BAD_INPUT = (
    "ScenarioError",
    "FolderError",
    "ParameterError",
    "FormatError",
    "Unsupported",
    "UnitError",
    "FormulaError",
    "ModelError",
    "ScenarioRunError",
    "AnalysisError",
    "BadInput",
    "ProblemError",
)
_NUMERICAL = ("SimulationError", "SteadyStateError", "FloatingPointError", "LinAlgError", "RunFailure", "WorkerError")


class BadInput(ValueError):
    """Something the user gave that cannot be used; the message is shown as it is."""


def application() -> Any:
    """All commands, as a typer application."""
    import typer

    app = typer.Typer(
        name="pathway",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Simulates the miR-21 / PTEN / HER2 circuit. Start with: pathway run antimir21_resensitises",
    )

    @app.callback(invoke_without_command=True)
    def options(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
        if version:
            print(_version())
            raise typer.Exit()

    for group in GROUPS:
        import_module(f"pathway.cli.{group}").register(app)
    return app


def _version() -> str:
    return str(sys.modules["pathway"].__version__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; every error becomes one line on standard error."""
    # Our matrices are small: threads of the linear algebra library cost more there than they bring, and far more where
    # other processes compete for the cores. Members and conditions are what runs side by side.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    from typer.main import get_command

    command = get_command(application())
    try:
        code = command.main(arguments, prog_name="pathway", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # some versions of typer take Ctrl-C for themselves
            raise KeyboardInterrupt
        return code if isinstance(code, int) else DONE
    except BrokenPipeError:
        # The reader (head, less) has gone; nothing is left to say, and the interpreter must not try again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        print("\npathway: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        return _explain(error)


def _explain(error: Exception) -> int:
    """Print what is wrong and return the exit code."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if hasattr(error, "format_message"):  # a mistake in the options, whichever click typer brings along
        context = getattr(error, "ctx", None)
        usage = f"\n{context.get_usage()}\nMore: {context.command_path} --help" if context else ""
        print(f"pathway: {error.format_message()}{usage}", file=sys.stderr)
        return BAD_INPUT
    if "Abort" in kinds:
        print("\npathway: interrupted", file=sys.stderr)
        return INTERRUPTED
    if kinds & set(_BAD_INPUT):
        print(error, file=sys.stderr)
        return BAD_INPUT
    if kinds & set(_NUMERICAL):
        print(f"pathway: {error}", file=sys.stderr)
        return NUMERICAL_FAILURE
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        print(f"pathway: {place}{error.strerror or error}", file=sys.stderr)
        return BAD_INPUT
    raise error
