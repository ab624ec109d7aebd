"""`pathway.plot`: the figure of whatever a run or a fit has given."""

from __future__ import annotations

from pathway.fitting.search.result import Fit
from pathway.scenario.result import Result

from .style import Figure


def plot(found: Result | Fit, what: str = "fits") -> Figure:
    """The figure of a scenario's result, or of a fit.

    Parameters
    ----------
    found : Result or Fit
    what : str
        Of a fit: "fits" (curves through points for every condition and observable), "residuals", "waterfall" or
        "parameters".
    """
    if isinstance(found, Fit):
        from .fit_figure import plot_fit

        return plot_fit(found, what)
    from .run_figure import plot_result

    return plot_result(found)
