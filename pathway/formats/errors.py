"""What a file that cannot be used is answered with."""

from __future__ import annotations

from pathway.errors import InputError


class FormatError(InputError):
    """A file that is broken or asks for something that is not offered: file, element and reason in one line."""


class Unsupported(FormatError):
    """A valid file with a construct that is refused by name, before anything runs."""
