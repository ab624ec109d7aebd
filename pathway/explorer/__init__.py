"""The explorer: one HTML file in which a scenario can be moved, computed by the very kernels that run here."""

from .content import reading_facts
from .module import ExplorerError
from .page import MEMBERS, explorer_page, page_data
from .widget import Explorer

__all__ = ["MEMBERS", "Explorer", "ExplorerError", "explorer_page", "page_data", "reading_facts"]
