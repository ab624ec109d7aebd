"""Bad input is refused with one line that names the argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.errors import InputError

Values = Mapping[str, float] | Sequence[float] | np.ndarray | None
"""Of parameters or species: a row, some by name, or the model's own."""


def checked_times(times: Any, start: float) -> np.ndarray:
    """Times as an ascending array that does not begin before the start."""
    array = _numbers("times", times)
    if array.ndim == 1 and array.size and start <= array[0] and array[-1] < np.inf and (array[1:] >= array[:-1]).all():
        return array
    if array.ndim != 1 or array.size == 0:
        raise InputError(f"times: expected a list of at least one time, got shape {array.shape}")
    if not np.all(np.isfinite(array)):
        raise InputError(f"times: entry {_first(~np.isfinite(array))} is {array[_first(~np.isfinite(array))]}")
    falling = array[1:] < array[:-1]
    if falling.any():
        at = _first(falling)
        raise InputError(f"times: must not decrease, but entry {at + 1} ({array[at + 1]:g}) follows {array[at]:g}")
    raise InputError(f"times: entry 0 ({array[0]:g}) lies before the start of the run ({start:g})")


def checked_row(name: str, given: Any, names: Sequence[str], default: np.ndarray, model: Model) -> np.ndarray:
    """One value per name from an array, a mapping of some names, or None for the default; all finite."""
    if given is None:
        array = np.array(default, dtype=float)
    elif isinstance(given, Mapping):
        array = np.array(default, dtype=float)
        find = model.parameter_index if names is model.parameters else model.species_index
        for key, value in given.items():
            try:
                array[find(key)] = value
            except KeyError as error:
                raise InputError(f"{name}: {error.args[0]}") from None
    else:
        array = _numbers(name, given).copy()
        if array.shape != (len(names),):
            raise InputError(f"{name}: expected shape ({len(names)},), got {array.shape}")
    finite = np.isfinite(array)
    if not finite.all():
        at = _first(~finite)
        raise InputError(f"{name}: the value of '{names[at]}' is {array[at]}")
    return array


def checked_tolerances(relative: Any, absolute: Any, n_species: int) -> tuple[float, np.ndarray | None]:
    """The relative tolerance, and absolute tolerances per species or None for the default."""
    if not isinstance(relative, (int, float, np.floating)) or not 0.0 < relative < 1.0:
        raise InputError(f"relative_tolerance: expected a number between 0 and 1, got {relative!r}")
    if relative < 1e-13:
        raise InputError(f"relative_tolerance: {relative:g} is finer than double precision allows; at least 1e-13")
    if absolute is None:
        return float(relative), None
    array = _numbers("absolute_tolerance", absolute)
    if array.shape not in ((), (n_species,)):
        raise InputError(f"absolute_tolerance: expected a number or shape ({n_species},), got {array.shape}")
    if not (np.all(np.isfinite(array)) and np.all(array > 0.0)):
        raise InputError("absolute_tolerance: expected numbers above zero")
    return float(relative), np.ascontiguousarray(np.broadcast_to(array, (n_species,)))


def checked_slopes(slopes: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Derivatives of the start, finite."""
    array = _numbers("initial_sensitivities", slopes)
    if array.shape != shape:
        raise InputError(f"initial_sensitivities: expected shape {shape}, got {array.shape}")
    if not np.all(np.isfinite(array)):
        raise InputError("initial_sensitivities: not all entries are finite")
    return array


def checked_limits(maximum_step: Any, maximum_steps: Any, wall_time: Any) -> None:
    """Refuse limits that are not positive."""
    for name, value in (("maximum_step", maximum_step), ("maximum_steps", maximum_steps), ("wall_time", wall_time)):
        if value is not None and not value > 0:
            raise InputError(f"{name}: expected a number above zero, got {value!r}")


def _numbers(name: str, given: Any) -> np.ndarray:
    try:
        return np.asarray(given, dtype=float, order="C")  # the step loops read memory as it lies
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected numbers, got {type(given).__name__}") from None


def _first(mask: np.ndarray) -> int:
    return int(np.argmax(mask))
