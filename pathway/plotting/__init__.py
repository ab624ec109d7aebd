"""Every figure: draws what other rooms have computed.

Nothing that computes imports it, and Matplotlib stays in here.
"""

# ruff: noqa: E402
import logging

# Where Matplotlib keeps its own files, which it tells when it is imported, is of no concern to who asked for a figure.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

from .any_figure import plot
from .course_figure import plot_courses
from .pictures import picture_bytes, rendered_figure, save_figure

__all__ = ["picture_bytes", "plot", "plot_courses", "rendered_figure", "save_figure"]
