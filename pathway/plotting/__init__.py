"""Every figure: draws what other rooms have computed.

Nothing that computes imports it, and Matplotlib stays in here.
"""

from .any_figure import plot
from .course_figure import plot_courses
from .pictures import picture, rendered, save

__all__ = ["picture", "plot", "plot_courses", "rendered", "save"]
