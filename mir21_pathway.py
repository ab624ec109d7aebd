"""Where the command `pathway` starts: makes sure that the package it is about to load is the right one.

The package index has an unrelated framework that is also imported as `pathway`. Where both are installed, one hides
the other; then this says so in one line instead of failing somewhere inside.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

HIDDEN = (
    "another package called 'pathway' ({place}) hides mir21-pathway. Install mir21-pathway into an environment of its "
    "own (python3 -m venv .venv), without the other one"
)


def complaint() -> str | None:
    """What is wrong with the `pathway` that an import would find; None if it is ours alone."""
    spec = find_spec("pathway")
    if spec is None or spec.origin is None:
        return HIDDEN.format(place="a folder without code")
    folder = Path(spec.origin).parent
    if not (folder / "scenario" / "experiment.py").is_file() or (folder / "internals").is_dir():
        return HIDDEN.format(place=folder)
    return None


def main() -> int:
    """Run the command line."""
    wrong = complaint()
    if wrong:
        print(f"pathway: {wrong}", file=sys.stderr)
        return 1
    from pathway.cli import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
