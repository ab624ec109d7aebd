"""What a run leaves behind: folder, tables, HTML report, provenance; and its replay.

Writes files and compares them; computes no biology.
"""

from .folder import FolderError, check_out, write_courses, write_run
from .page import band
from .replay import Replay, replay

__all__ = ["FolderError", "Replay", "band", "check_out", "replay", "write_courses", "write_run"]
