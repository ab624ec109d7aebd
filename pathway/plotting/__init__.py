"""Every figure. Draws what other rooms have computed; nothing that computes imports it, and Matplotlib stays in here."""

from .run_figure import plot_result
from .style import save

__all__ = ["plot_result", "save"]
