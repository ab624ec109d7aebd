"""Settings as Python gives them: a mapping, or the lines of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pathway.errors import InputError


def setting_lines(settings: Mapping[str, Any] | Sequence[str]) -> list[str]:
    """ "KEY=VALUE" for each setting.

    Raises
    ------
    InputError
        If they are neither a mapping nor such lines.
    """
    if isinstance(settings, Mapping):
        return [f"{key}={value}" for key, value in settings.items()]
    lines = [settings] if isinstance(settings, str) else settings
    if not isinstance(lines, Sequence) or not all(isinstance(line, str) for line in lines):
        example = '{"dose.trastuzumab.amount": "1 ug/mL"}'
        raise InputError(f"settings: expected a mapping such as {example}, got {type(settings).__name__}")
    return list(lines)
