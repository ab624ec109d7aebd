"""The public names of the package, from `pathway.__all__`, with their docstrings."""

from __future__ import annotations

import inspect

import pathway

HEAD = """# Python

Names load when they are first used: `import pathway` costs nothing.

```python
import pathway
```

"""


def pages() -> dict[str, str]:
    """The reference of the public names."""
    names = [name for name in pathway.__all__ if not name.startswith("__")]
    functions = [name for name in names if not inspect.isclass(getattr(pathway, name))]
    classes = [name for name in names if name not in functions]
    text = HEAD + "## Functions\n\n" + "\n".join(_entry("function", name) for name in sorted(functions))
    return {
        "reference/python": text + "\n## Classes\n\n" + "\n".join(_entry("class", name) for name in sorted(classes))
    }


def _entry(kind: str, name: str) -> str:
    options = "\n   :members:\n   :member-order: bysource" if kind == "class" else ""
    return f"```{{eval-rst}}\n.. auto{kind}:: pathway.{name}{options}\n```\n"
