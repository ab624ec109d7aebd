"""Every figure: draws what other rooms have computed.

Nothing that computes imports it, and Matplotlib stays in here.
"""

from .any_figure import plot
from .course_figure import plot_courses
from .style import rendered, save

__all__ = ["plot", "plot_courses", "rendered", "save"]
