"""Every figure: draws what other rooms have computed.

Nothing that computes imports it, and Matplotlib stays in here.
"""

from .course_figure import plot_courses
from .run_figure import plot_result as plot
from .style import save

__all__ = ["plot", "plot_courses", "save"]
