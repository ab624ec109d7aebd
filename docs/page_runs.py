"""Runs the fences of a page, one after the other, in an empty folder."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from docs.blocks import ROOT, Block, PageError, blocks_of, commands_of, keep_content, page_name
from docs.pictures import keep_picture

WIDTH = 120
"""Characters in a line of a command's output."""
_PROGRESS = re.compile(r"^[\w -]+: \d+ of [\d,]+(, [\d.]+ s)?$|^.*\d+ %.*it/s.*$|^.+ \d+ of \d+.* left$")


def record(page: Path, outputs: Path) -> Path:
    """Run a page's fences and write what they gave to `outputs`; the file written.

    Raises
    ------
    PageError
        If a command ends with another exit code than the page says, or leaves no picture that it shows.
    """
    outputs.mkdir(parents=True, exist_ok=True)
    for old in outputs.glob(f"{page_name(page)}-*.png"):
        old.unlink()
    here = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="pathway_page_") as folder:
        session = _Session(page, Path(folder), outputs)
        os.chdir(folder)
        try:
            content = [session.run(block) for block in blocks_of(page.read_text(encoding="utf-8"))]
        finally:
            os.chdir(here)
    return keep_content(content, outputs / f"{page_name(page)}.json")


class _Session:
    """One reader at one page: a folder, a shell, a Python session."""

    def __init__(self, page: Path, folder: Path, outputs: Path) -> None:
        self.page, self.folder, self.outputs = page, folder, outputs
        self.names: dict[str, Any] = {}
        self.pictures = 0
        self.environment = _environment(folder)

    def run(self, block: Block) -> dict[str, Any]:
        doing = {"file": self._file, "run": self._commands, "python": self._python, "picture": self._picture}
        return {"said": block.said, **doing[block.kind](block)}

    def _file(self, block: Block) -> dict[str, Any]:
        place = self.folder / block.argument
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(block.body, encoding="utf-8")
        return {}

    def _commands(self, block: Block) -> dict[str, Any]:
        shown = []
        for command in commands_of(block):
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            shown.append({"command": command, "output": _cleaned(done.stdout, self.folder), "exit": done.returncode})
        if shown[-1]["exit"] != block.exit_code or any(one["exit"] for one in shown[:-1]):
            raise PageError(f"{self.page}: {json.dumps(shown, indent=1)}\nexpected exit code {block.exit_code}")
        return {"commands": shown}

    def _python(self, block: Block) -> dict[str, Any]:
        stdout = io.StringIO()
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(io.StringIO()):
            value = _executed(block.body, self.names)
        if hasattr(value, "savefig"):
            return {"text": stdout.getvalue(), "picture": self._keep(value)}
        text = stdout.getvalue() + ("" if value is None else f"{value!r}\n")
        return {"text": text, "picture": ""}

    def _picture(self, block: Block) -> dict[str, Any]:
        place = self.folder / block.argument
        if not place.is_file():
            raise PageError(f"{self.page}: no {block.argument} was left")
        return {"picture": self._keep(place)}

    def _keep(self, drawn: Any) -> str:
        self.pictures += 1
        name = f"{page_name(self.page)}-{self.pictures}.png"
        keep_picture(drawn, self.outputs / name)
        return name


def _environment(folder: Path) -> dict[str, str]:
    """Where `pathway` is this checkout's, and lines have one width."""
    programs = folder / ".bin"
    programs.mkdir()
    program = programs / "pathway"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pathway "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": str(WIDTH), "NO_COLOR": "1"}


def _cleaned(text: str, folder: Path) -> str:
    """Without progress, the temporary folder and blanks at the ends of lines."""
    lines = [line.rstrip() for line in text.replace(f"{folder}/", "").splitlines() if not _PROGRESS.match(line)]
    return "\n".join(lines).strip("\n")


def _executed(code: str, names: dict[str, Any]) -> Any:
    """Run lines in a session; the value of a last expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<page>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<page>", "eval"), names) if isinstance(last, ast.Expr) else None
