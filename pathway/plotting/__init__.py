"""Every figure: draws what other rooms have computed.

Nothing that computes imports it, and Matplotlib stays in here.
"""

from .any_figure import plot
from .course_figure import plot_courses
from .pictures import picture_bytes, rendered_figure, save_figure

__all__ = ["picture_bytes", "plot", "plot_courses", "rendered_figure", "save_figure"]
