"""Every command with its options, from the parser that reads them, and with examples that it accepts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from docs.blocks import HERE
from pathway import cli

from . import markdown

HEAD = """# Commands

`pathway COMMAND --help` says the same in the terminal. `--json` prints one JSON object and nothing else. Every
command ends with one of five exit codes: see [](exit_codes.md).

"""
EXIT_HEAD = """# Exit codes

What a command hands to the shell when it ends, for scripts and workflows.

"""
EXITS = {
    "DONE": "Done.",
    "BAD_INPUT": "What was given cannot be used. Each line on standard error names one mistake: file, line, what was "
    "found, what was expected, and the nearest right name.",
    "NUMERICAL_FAILURE": "What was given is in order, and the numbers still cannot be computed; the line says at what "
    "time and in which species.",
    "NOT_MET": "Everything was computed and written, and something stated is not so: an expectation of a scenario is "
    "missed, a replay gives other numbers, or a folder does not hold what its manifest says. Nothing has failed.",
    "FAULT": "A fault of the program. The line names a file with the details; please report it.",
    "INTERRUPTED": "Ctrl-C.",
}
KINDS = {str: "text", int: "whole number", float: "number", bool: "yes or no"}


def pages() -> dict[str, str]:
    """The references of commands and of exit codes."""
    panels: dict[str, list[str]] = {}
    for name, command in commands().items():
        panels.setdefault(str(command.rich_help_panel), []).append(_command(name, command))
    text = HEAD + "\n".join(f"## {panel}\n\n" + "\n".join(parts) for panel, parts in panels.items())
    return {"reference/commands": text, "reference/exit_codes": EXIT_HEAD + _exits()}


def commands() -> dict[str, Any]:
    """Every command by its name."""
    from typer.main import get_command

    return get_command(cli.application()).commands


def examples() -> dict[str, list[dict[str, str]]]:
    """Command lines by command, each with what it does."""
    return tomllib.loads((HERE / "examples.toml").read_text(encoding="utf-8"))


def _exits() -> str:
    rows = [[f"`{getattr(cli, name)}`", markdown.plain(words)] for name, words in EXITS.items()]
    return markdown.table(["code", "meaning"], rows)


def _command(name: str, command: Any) -> str:
    shown = [f"({markdown.anchor('command ' + name)})=", f"### `pathway {name}`", ""]
    shown += [_help(command.help or ""), "", markdown.fence(_usage(name, command)), *_examples(name)]
    rows = [_row(parameter) for parameter in command.params if not parameter.hidden]
    return "\n".join(shown) + "\n" + markdown.table(["argument or option", "takes", "meaning"], rows)


def _help(text: str) -> str:
    """The help's paragraphs; examples in it come as code."""
    parts = [part for part in re.split(r"\n\s*\n", text.replace("\b", "")) if part.strip()]
    return "\n\n".join(markdown.fence(p) if p.lstrip().startswith(("pathway ", "$ ")) else _paragraph(p) for p in parts)


def _paragraph(text: str) -> str:
    return markdown.sentences(text.replace("\\[", "["))


def _usage(name: str, command: Any) -> str:
    arguments = [p for p in command.params if not p.opts[0].startswith("-")]
    shown = [_argument(p) if p.required else f"[{_argument(p)}]" for p in arguments]
    options = " [OPTIONS]" if len(arguments) < len(command.params) else ""
    return " ".join(["pathway", name, *shown]) + options


def _argument(parameter: Any) -> str:
    return (parameter.metavar or parameter.name).upper() + (" ..." if parameter.nargs == -1 else "")


def _examples(name: str) -> Iterator[str]:
    shown = [f"{entry['line']}\n    # {entry['does']}" for entry in examples().get(name, [])]
    if shown:
        yield markdown.fence("\n".join(shown), "sh")


def _row(parameter: Any) -> list[str]:
    is_option = parameter.opts[0].startswith("-")
    both = [*parameter.opts, *parameter.secondary_opts]
    names = ", ".join(f"`{text}`" for text in both) if is_option else f"`{_argument(parameter)}`"
    meaning = _paragraph(parameter.help or "").rstrip(".") + "."
    usual = parameter.default
    if usual not in (None, False, "", []) and not callable(usual) and "[default" not in (parameter.help or ""):
        meaning += f" Usually `{getattr(usual, 'value', usual)}`."
    return [names, "" if getattr(parameter, "is_flag", False) else _takes(parameter), meaning]


def _takes(parameter: Any) -> str:
    """What stands behind an option, in words."""
    if parameter.metavar and parameter.opts[0].startswith("-"):
        return f"`{parameter.metavar}`"
    annotation = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    if annotation is None:  # older versions of typer
        kind = parameter.type
        return (
            " ".join(f"`{c}`" for c in kind.choices)
            if hasattr(kind, "choices")
            else kind.name.replace("integer", "whole number")
        )
    if hasattr(annotation, "__members__"):
        return " ".join(f"`{member.value}`" for member in annotation)
    if get_origin(annotation) is list:
        annotation = get_args(annotation)[0]
    return KINDS.get(annotation, getattr(annotation, "__name__", str(annotation)).lower())
