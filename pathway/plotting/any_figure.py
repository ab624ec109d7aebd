"""`pathway.plot`: the figure of whatever a run, an analysis, a fit or a look at its uncertainty has given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pathway.errors import InputError, public_function

from .style import Figure


@public_function
def plot(result: Any, what: str = "") -> Figure:
    """The figure of a result.

    Parameters
    ----------
    result : Result, Trajectory, Analysis, Comparison, Fit, Posterior or Profiles
        What `run`, `simulate`, `synergy` and the other analyses, `compare`, `fit` and its uncertainty give.
    what : str
        Of a run: one observable, "growth" or "timeline" alone; all of it unless told otherwise. Of a trajectory: what
        can be read off it by name, several separated by commas; its observables unless told otherwise. Of a fit: "fits"
        (curves through points for every condition and observable; unless told otherwise), "residuals", "waterfall" or
        "parameters". Of a posterior: "marginals" (unless told otherwise), "pairs", "ranks", "traces" or "energy". Of
        profiles: "profiles" (unless told otherwise) or "paths".

    Returns
    -------
    Figure
        Of Matplotlib; a notebook shows it, `figure.savefig("mine.pdf")` writes it.

    Raises
    ------
    InputError
        For something that has no figure, or another word.

    Examples
    --------
    >>> import numpy, pathway
    >>> figure = pathway.plot(pathway.simulate("bt474", numpy.linspace(0.0, 72.0, 73)), "pAKT, PTEN")
    >>> len(figure.axes)
    2
    """
    if not isinstance(what, str):
        raise InputError(f"what: expected a name such as 'pAKT', got {type(what).__name__}")
    draw = getattr(result, "draw", None)
    if callable(draw):
        return draw(what)
    # By name: a run has no need of all that fits need.
    for kind in type(result).__mro__:
        if kind.__name__ in _FIGURES:
            return _FIGURES[kind.__name__](result, what)
    known = "Result, Trajectory, Analysis, Comparison, Fit, Posterior or Profiles"
    raise InputError(f"plot: {type(result).__name__} has no figure; expected {known}")


def _of_run(result: Any, what: str) -> Figure:
    from .run_figure import plot_result

    return plot_result(result, what)


def _of_trajectory(result: Any, what: str) -> Figure:
    from .course_figure import plot_trajectory

    return plot_trajectory(result, [name.strip() for name in what.split(",") if name.strip()])


def _of_fit(result: Any, what: str) -> Figure:
    from .fit_figure import plot_fit

    return plot_fit(result, what or "fits")


def _of_posterior(result: Any, what: str) -> Figure:
    from .posterior_figure import plot_posterior

    return plot_posterior(result, what or "marginals")


def _of_profiles(result: Any, what: str) -> Figure:
    from .profile_figure import plot_any_profile

    return plot_any_profile(result, what or "profiles")


_FIGURES: dict[str, Callable[[Any, str], Figure]] = {
    "Result": _of_run,
    "Trajectory": _of_trajectory,
    "Fit": _of_fit,
    "Posterior": _of_posterior,
    "Profiles": _of_profiles,
}
