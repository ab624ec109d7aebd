"""What a run leaves behind: folder, tables, HTML report, provenance; and its replay.

Writes files and compares them; computes no biology.
"""

from pathway.folders import FolderError

from .places import check_out, default_results_folder, identity_of
from .replay import Replay, compare_analysis, replay
from .report import Content, Drawing, Report, ReportOrigin, Table
from .write import quiet, write_report

__all__ = [
    "Content",
    "Drawing",
    "FolderError",
    "Replay",
    "Report",
    "ReportOrigin",
    "Table",
    "check_out",
    "compare_analysis",
    "default_results_folder",
    "identity_of",
    "quiet",
    "replay",
    "write_report",
]
