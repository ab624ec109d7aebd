"""What a file that cannot be used is answered with."""

from __future__ import annotations

import re

from pathway.errors import InputError


class FormatError(InputError):
    """A file that is broken or asks for something that is not offered: file, element and reason in one line."""


class Unsupported(FormatError):
    """A valid file with a construct that is refused by name, before anything runs."""


def line_of_name(text: str, message: str) -> int | None:
    """Line (from 1) on which a text first has a name that a message has in quotes or braces; None if it has none."""
    for quoted in re.findall(r"['{\[(]([^'{}()\[\]]+)['}\])]", message):
        for name in re.findall(r"[A-Za-z_]\w*", quoted):
            match = re.search(rf"(?<![\w.]){name}\b", text)
            if match is not None:
                return text.count("\n", 0, match.start()) + 1
    return None
