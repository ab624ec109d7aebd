"""Bad input is refused with one line that names the argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.errors import InputError

Values = Mapping[str, float] | Sequence[float] | np.ndarray | None
"""Of parameters or species: a row, some by name, or the model's own."""


def checked_times(times: Any, start: float) -> np.ndarray:
    """Times as an ascending array that does not begin before the start."""
    array = numbers_of("times", times)
    if array.ndim == 1 and array.size and start <= array[0] and array[-1] < np.inf and _all(array[1:] >= array[:-1]):
        return array
    if array.ndim != 1 or array.size == 0:
        raise InputError(
            f"times: expected a list of at least one time such as numpy.linspace(0, 72, 145), got shape {array.shape}"
        )
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
            except (TypeError, ValueError):
                raise InputError(f"{name}: the value of '{key}' is {value!r}, expected a number") from None
    else:
        array = numbers_of(name, given).copy()
        if array.shape != (len(names),):
            raise InputError(f"{name}: expected shape ({len(names)},), got {array.shape}")
    finite = np.isfinite(array)
    if not _all(finite):
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
    array = numbers_of("absolute_tolerance", absolute)
    if array.shape not in ((), (n_species,)):
        raise InputError(f"absolute_tolerance: expected a number or shape ({n_species},), got {array.shape}")
    if not (np.all(np.isfinite(array)) and np.all(array > 0.0)):
        raise InputError("absolute_tolerance: expected numbers above zero")
    return float(relative), np.ascontiguousarray(np.broadcast_to(array, (n_species,)))


def checked_slopes(slopes: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Derivatives of the start, finite."""
    array = numbers_of("initial_sensitivities", slopes)
    if array.shape != shape:
        raise InputError(f"initial_sensitivities: expected shape {shape}, got {array.shape}")
    if not np.all(np.isfinite(array)):
        raise InputError("initial_sensitivities: not all entries are finite")
    return array


def checked_limits(maximum_step: Any, maximum_steps: Any, wall_time: Any) -> None:
    """Refuse limits that are not positive."""
    for name, value in (("maximum_step", maximum_step), ("maximum_steps", maximum_steps), ("wall_time", wall_time)):
        if value is not None and not (isinstance(value, (int, float, np.number)) and value > 0):
            raise InputError(f"{name}: expected a number above zero, got {value!r}")


def checked_start_time(given: Any, usual: float) -> float:
    """When a run begins."""
    if given is None:
        return usual
    if not isinstance(given, (int, float, np.number)):
        kind = type(given).__name__
        raise InputError(f"start: expected a time, got {kind}; the state at the start is given as 'initial'")
    return float(given)


def is_steady_state(given: Any) -> bool:
    """Whether the steady state is asked for as the state at the start.

    Raises
    ------
    InputError
        For another word.
    """
    if isinstance(given, str) and given != "steady_state":
        raise InputError(f"initial: expected 'steady_state', an array, a mapping or None, got {given!r}")
    return isinstance(given, str)


def checked_texts(argument: str, given: Any) -> tuple[str, ...]:
    """Names; one name alone is a list of one."""
    names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else (given,)
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"{argument}: expected names, got {type(name).__name__}")
    return names


def numbers_of(name: str, given: Any) -> np.ndarray:
    """An array of floats."""
    try:
        return np.asarray(given, dtype=float, order="C")  # the step loops read memory as it lies
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected numbers, got {type(given).__name__}") from None


def _first(mask: np.ndarray) -> int:
    return int(np.argmax(mask))


def _all(mask: np.ndarray) -> bool:
    return np.count_nonzero(mask) == mask.size  # a third of the time of mask.all()
