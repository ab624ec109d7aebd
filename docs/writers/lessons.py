"""A page for every notebook: its text and code, with the outputs that are kept."""

from __future__ import annotations

from docs import lessons

from . import markdown

HEAD = """# The lessons

Ten lessons in teaching order, from the smallest model to 37 women in a clinic and a plan for the bench, with every
answer still open. `pathway teach start DIR` writes them with sheets and data; the folder `notebooks/` of the source
holds the same notebooks.
[Teach a class](../teach_a_class.md) says how to hand them out.

"""


def pages() -> dict[str, str]:
    """The list of lessons and a page for each."""
    names = lessons.names()
    rows = "\n".join(names)
    index = f"{HEAD}```{{toctree}}\n:maxdepth: 1\n\n{rows}\n```\n"
    return {"tutorials/lessons/index": index, **{f"tutorials/lessons/{name}": _page(name) for name in names}}


def _page(name: str) -> str:
    outputs = iter(lessons.recorded_cells(name))
    parts = []
    for cell in lessons.cells_of(name):
        if cell["kind"] == "markdown":
            parts.append(_text(cell["source"], first=not parts))
        else:
            parts.append(markdown.fence(cell["source"], "python"))
            output = next(outputs, None)
            parts += [_output(output)] if output else []
    return "\n".join(parts)


def _text(source: str, first: bool) -> str:
    """Markdown of a cell; only the first has the page's title."""
    if first:
        return source + "\n"
    return "\n".join(f"#{line}" if line.startswith("# ") else line for line in source.splitlines()) + "\n"


def _output(output: dict) -> str:
    text = f":::{{div}} output\n{markdown.fence(output['text'])}:::\n" if output["text"].strip() else ""
    pictures = [
        f"```{{image}} ../../outputs/lessons/{name}\n:alt: What the lines above draw\n```\n"
        for name in output["pictures"]
    ]
    return "\n".join([text, *pictures])
