"""`pathway.plot`: the figure of whatever a run, a fit or a look at its uncertainty has given."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pathway.errors import public_function

from .style import Figure

if TYPE_CHECKING:
    from pathway.fitting.search.result import Fit
    from pathway.fitting.uncertainty.profiles import Profiles
    from pathway.fitting.uncertainty.sampling import Posterior
    from pathway.scenario.result import Result


@public_function
def plot(result: Result | Fit | Posterior | Profiles, what: str = "") -> Figure:
    """The figure of a scenario's result, of a fit, or of its uncertainty.

    Parameters
    ----------
    result : Result, Fit, Posterior or Profiles
    what : str
        Of a run: one observable, "growth" or "timeline" alone; all of it unless told otherwise. Of a fit: "fits"
        (curves through points for every condition and observable; unless told otherwise), "residuals", "waterfall" or
        "parameters". Of a posterior: "marginals" (unless told otherwise), "pairs", "ranks", "traces" or "energy". Of
        profiles: "profiles" (unless told otherwise) or "paths".

    Raises
    ------
    ValueError
        For another word.
    """
    # By name: a run has no need of all that fits need.
    kind = type(result).__name__
    if kind == "Fit":
        from .fit_figure import plot_fit

        return plot_fit(cast("Fit", result), what or "fits")
    if kind == "Posterior":
        from .posterior_figure import plot_posterior

        return plot_posterior(cast("Posterior", result), what or "marginals")
    if kind == "Profiles":
        from .profile_figure import plot_any_profile

        return plot_any_profile(cast("Profiles", result), what or "profiles")
    from .run_figure import plot_result

    return plot_result(cast("Result", result), what)
