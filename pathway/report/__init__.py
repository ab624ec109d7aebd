"""What a run leaves behind: folder, tables, HTML report, provenance; and its replay.

Writes files and compares them; computes no biology.
"""

from pathway.folders import FolderError

from .output_folders import check_output_folder, default_results_folder, result_identity
from .replay import Replay, compare_analysis, replay
from .report import DeferredFigure, JsonContent, Report, ReportOrigin, Table
from .write import say_nothing, write_report

__all__ = [
    "DeferredFigure",
    "FolderError",
    "JsonContent",
    "Replay",
    "Report",
    "ReportOrigin",
    "Table",
    "check_output_folder",
    "compare_analysis",
    "default_results_folder",
    "replay",
    "result_identity",
    "say_nothing",
    "write_report",
]
