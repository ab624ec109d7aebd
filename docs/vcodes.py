"""Codes of findings in the text: the first of each page is explained, all of them are links."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes

from docs.writers.findings import findings, label

CODE = re.compile(r"\bV([1-9]\d?)\b")
_LEFT_ALONE = (nodes.literal, nodes.literal_block, nodes.title, nodes.reference, addnodes.pending_xref, nodes.raw)


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("doctree-read", explain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def explain(app: Any, doctree: nodes.document) -> None:
    """Make links of the codes on a page; words behind the first of each, except in a table."""
    if app.env.docname == "reference/findings":
        return
    known: set[str] = set()
    for text in list(doctree.findall(nodes.Text)):
        if CODE.search(text) and not _inside(text, _LEFT_ALONE):
            pieces = list(_pieces(str(text), known, _inside(text, (nodes.table,))))
            text.parent.replace(text, pieces)


def _inside(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def _pieces(text: str, known: set[str], in_table: bool) -> Any:
    end = 0
    for match in CODE.finditer(text):
        code = match.group(0)
        if code not in findings():
            continue
        yield nodes.Text(text[end : match.start()])
        end = match.end()
        yield _link(code)
        if code not in known and not in_table:
            yield nodes.Text(f" ({findings()[code]['short']})")
            known.add(code)
    yield nodes.Text(text[end:])


def _link(code: str) -> nodes.Node:
    link = addnodes.pending_xref(
        "", refdomain="std", reftype="ref", reftarget=label(code), refexplicit=True, refwarn=True
    )
    link += nodes.inline(code, code, classes=["finding"])
    return link
