"""The page on architecture names rooms and functions that there are."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.test_layers import ORDER, PACKAGE

PAGE = PACKAGE.parent / "docs" / "explanation" / "architecture.md"


@cache
def names_in(file: Path) -> frozenset[str]:
    """Functions and classes of a file, methods as CLASS.METHOD."""
    kinds = ast.FunctionDef | ast.ClassDef
    top = [node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, kinds)]
    methods = [f"{c.name}.{m.name}" for c in top if isinstance(c, ast.ClassDef) for m in c.body if isinstance(m, kinds)]
    return frozenset([*(node.name for node in top), *methods])


def missing(page: str) -> list[str]:
    """Every `file.py:name` of the page that is not there, with its line."""
    found = []
    for number, line in enumerate(page.splitlines(), 1):
        for file, name in re.findall(r"`([a-z_0-9/]+\.py):([\w.]+)`", line):
            place = PACKAGE / file
            if not place.is_file():
                found.append(f"{PAGE.name}:{number}: there is no {file}")
            elif name not in names_in(place):
                found.append(f"{PAGE.name}:{number}: {file} has no {name}")
    return found


def test_every_function_named_is_there():
    page = PAGE.read_text(encoding="utf-8")
    assert len(re.findall(r"\.py:", page)) > 50
    assert not missing(page)


def test_the_picture_shows_the_order_of_imports():
    picture = PAGE.read_text(encoding="utf-8").split("```")[1].removeprefix("text").strip().splitlines()
    assert [set(re.findall(r"\w+", line)) for line in reversed(picture)] == ORDER


def test_rooms_in_brackets_have_no_files():
    waiting = set(re.findall(r"\[(\w+)\]", PAGE.read_text(encoding="utf-8").split("```")[1]))
    built = {file.stem for file in PACKAGE.glob("*.py")} | {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    assert waiting == set().union(*ORDER) - built


def test_what_is_not_there_is_named():
    assert missing("a\n`scenario/run.py:walk`, `scenario/run.py:run_scenario`") == [
        "architecture.md:2: scenario/run.py has no walk"
    ]
    assert missing("`scenario/dance.py:run`") == ["architecture.md:1: there is no scenario/dance.py"]
