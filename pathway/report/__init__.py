"""What a run leaves behind: folder, tables, HTML report, provenance; and its replay.

Writes files and compares them; computes no biology.
"""

from pathway.folders import FolderError

from .folder import check_out, default_folder, identity_of, write_courses, write_run
from .page import band
from .replay import Replay, replay

__all__ = [
    "FolderError",
    "Replay",
    "band",
    "check_out",
    "default_folder",
    "identity_of",
    "replay",
    "write_courses",
    "write_run",
]
