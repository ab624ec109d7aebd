"""Simulations of a model that may be given by its name: "bt474", a TOML file of a cell line, SBML, Antimony."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from inspect import signature
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from pathway import simulation
from pathway.equations import Model
from pathway.errors import InputError, public_function
from pathway.formats.load import load
from pathway.simulation.checks import checked_texts, is_steady_state

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def as_model(model: Model | str | Path) -> Model:
    """A model, or that of a cell line or file by its name.

    Raises
    ------
    InputError
        If it is neither; errors of `pathway.load`.
    """
    if isinstance(model, Model):
        return model
    if not isinstance(model, str | Path):
        kind = type(model).__name__
        raise InputError(f"model: expected a Model, a cell line such as 'bt474' or a file, got {kind}")
    return load(model) if Path(model).suffix else _cell_line(str(model))


@cache
def _cell_line(name: str) -> Model:
    """Asked for again and again by its name, it is brought to rest once."""
    return load(name)


def _by_name(
    function: Callable[Concatenate[Model, Arguments], Answer],
) -> Callable[Concatenate[Model | str | Path, Arguments], Answer]:
    """The same function for a model or its name."""

    @wraps(function)
    def call(model: Model | str | Path, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        return function(as_model(model), *args, **kwargs)

    named = "model : Model, or the name of a cell line or the path of a file as `pathway.load` takes them\n"
    call.__doc__ = (function.__doc__ or "").replace("model : Model\n", named, 1)
    usual = signature(function)
    model, *others = usual.parameters.values()
    parameters = [model.replace(annotation="Model | str | Path"), *others]
    call.__signature__ = usual.replace(parameters=parameters)  # type: ignore[attr-defined]
    return public_function(call)


def _from_steady_state(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """The same function for a run that may begin at the steady state, with the slopes of that state."""

    @wraps(function)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        if is_steady_state(kwargs.get("initial")):
            model, parameters = as_model(args[0] if args else kwargs.get("model")), kwargs.get("parameters")  # type: ignore[arg-type]
            kwargs["initial"] = state = simulation.steady_state(model, parameters)  # type: ignore[arg-type]
            if kwargs.get("sensitivities") is not None and kwargs.get("initial_sensitivities") is None:
                names = checked_texts("sensitivities", kwargs["sensitivities"])
                slopes = simulation.steady_state_sensitivities(model, names, parameters, state=state)  # type: ignore[arg-type]
                kwargs["initial_sensitivities"] = slopes
        return function(*args, **kwargs)

    usual = "initial : array of shape (n_species,),"
    call.__doc__ = (function.__doc__ or "").replace(usual, f'initial : "steady_state", {usual[10:]}', 1)
    return call


simulate = public_function(_from_steady_state(_by_name(simulation.simulate)))
simulate_ensemble = _by_name(simulation.simulate_ensemble)
steady_state = _by_name(simulation.steady_state)
