"""What a file that cannot be used is answered with."""

from __future__ import annotations


class FormatError(ValueError):
    """A file that is broken or asks for something that is not offered: file, element and reason in one line."""


class Unsupported(FormatError):
    """A valid file with a construct that is refused by name, before anything runs."""
