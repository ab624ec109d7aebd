"""The command line: parses, calls, prints, sets the exit code. Computes nothing itself.

One module for each group of commands, listed in `GROUPS`. To add a command: write `pathway/cli/NAME.py` with

    def register(app: typer.Typer) -> None:
        app.command("name", rich_help_panel="Analyze")(name)

add "NAME" to `GROUPS`, and the command to the list in `tests/cli/test_commands.py`. Import numpy, the engine and
everything else that takes time inside the function: `pathway --help` loads every module here. Output of `--json`
goes through `console.print_json` (one object on standard output), progress and messages through `console.say`
(standard error). Raise what the rooms raise (`pathway.errors`); `main` turns it into one line and an exit code:

    0 done    1 bad input    2 numerical failure    3 a stated expectation or a replay not met    4 a fault of ours

`--traceback` anywhere on the command line shows where an error comes from.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from pathway.errors import REPORT_TO, InputError, NumericalError, PathwayWarning, clip_line, is_internal_error

from .examples import EXAMPLES

GROUPS = (
    "run",
    "plan",
    "cohort",
    "check",
    "explore",
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
    "verify",
    "cite",
    "teach",
)

DONE, BAD_INPUT, NUMERICAL_FAILURE, NOT_MET, FAULT = 0, 1, 2, 3, 4
INTERRUPTED = 130


class BadInput(InputError):
    """Something the user gave that cannot be used; the message is shown as it is."""


def application() -> Any:
    """All commands, as a typer application."""
    import typer

    from .help_text import GroupedCommands

    app = typer.Typer(
        name="pathway",
        cls=GroupedCommands,
        no_args_is_help=True,
        rich_markup_mode=None,
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
    for command in app.registered_commands:
        name = command.name or ""
        command.epilog = "\b\nExamples:\n" + "\n".join(f"  {example}" for example in EXAMPLES.get(name, ()))
    return app


def _version() -> str:
    return str(sys.modules["pathway"].__version__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; every error becomes one line on standard error."""
    # Our matrices are small: threads of the linear algebra library cost more there than they bring, and far more where
    # other processes compete for the cores. Members and conditions are what runs side by side.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # A command makes many objects and few circles of them: looking for circles at the usual pace takes a tenth of it.
    gc.set_threshold(100_000, 20, 20)
    _open_standard_streams()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    with_traceback = "--traceback" in arguments
    arguments = [argument for argument in arguments if argument != "--traceback"]
    from typer.main import get_command

    from pathway.notebook import telling

    from .console import quiet_or_say

    try:
        _refuse_broken_text(arguments)
        with warnings.catch_warnings(), telling(quiet_or_say(arguments)):
            warnings.simplefilter("default", PathwayWarning)
            warnings.showwarning = _show_warning(warnings.showwarning)
            code = get_command(application()).main(arguments, prog_name="pathway", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # some versions of typer take Ctrl-C for themselves
            raise KeyboardInterrupt
        return code if isinstance(code, int) else DONE
    except BrokenPipeError:
        # The reader (head, less) has gone; nothing is left to say.
        _give_up_standard_output()
        return DONE
    except KeyboardInterrupt:
        print("\npathway: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if with_traceback:
            traceback.print_exc()
        return _explain(error, arguments)


def _open_standard_streams() -> None:
    """A command started without standard streams must not write into whatever file it opens next; any text can be said.

    A name that is not UTF-8, or a sign that the terminal lacks, is written with its number.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # takes the number that is free
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))
        elif number and hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")


def _give_up_standard_output() -> None:
    """The interpreter must not try at its end to write what could not be written."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse_broken_text(arguments: Sequence[str]) -> None:
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode("ascii", "backslashreplace").decode()
            raise BadInput(f"pathway: the argument '{shown}' is not UTF-8 text; rename the file") from None
        if "\0" in argument:
            raise BadInput("pathway: an argument holds a null character")


def _show_warning(usual: Any) -> Any:
    """Our own warnings are one line each; those of libraries as usual."""
    from .console import say

    def show(message: Warning | str, category: type[Warning], *args: Any, **kwargs: Any) -> None:
        if issubclass(category, PathwayWarning):
            say(f"note: {message}")
        else:
            usual(message, category, *args, **kwargs)

    return show


def _explain(error: Exception, arguments: Sequence[str]) -> int:
    """Print what is wrong and return the exit code."""
    from .console import say

    if hasattr(error, "format_message"):  # a mistake in the options, whichever click typer brings along
        context = getattr(error, "ctx", None)
        usage = f"\n{context.get_usage()}\nMore: {context.command_path} --help" if context else ""
        say(f"pathway: {error.format_message()}{usage}")
        return BAD_INPUT
    if type(error).__name__ == "Abort":
        print("\npathway: interrupted", file=sys.stderr)
        return INTERRUPTED
    if isinstance(error, InputError):
        say(str(error))
        return BAD_INPUT
    if isinstance(error, OSError):
        _give_up_standard_output()
        place = f"{error.filename}: " if error.filename else ""
        say(clip_line(f"pathway: {place}{error.strerror or error}"))
        return BAD_INPUT
    if isinstance(error, MemoryError):
        print("pathway: the memory of this machine does not suffice", file=sys.stderr)
        return NUMERICAL_FAILURE
    if isinstance(error, NumericalError) or not is_internal_error(error):
        say(f"pathway: {error}")
        return BAD_INPUT if isinstance(error, ImportError) else NUMERICAL_FAILURE
    return _own_up(error, arguments)


def _own_up(error: Exception, arguments: Sequence[str]) -> int:
    """A fault of the program: one line, and the traceback in a file that only its user can read."""
    import tempfile

    where = "run it again with --traceback"
    with suppress(OSError):
        number, path = tempfile.mkstemp(prefix="pathway_fault_", suffix=".txt")
        with open(number, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"pathway {_version()}: {' '.join(arguments)}\n\n")
            traceback.print_exception(error, file=file)
        where = f"the details are in {path}"
    print(
        f"pathway: a fault of the program, not of what it was given ({type(error).__name__}); {where}. "
        f"Please report it: {REPORT_TO}",
        file=sys.stderr,
    )
    return FAULT
