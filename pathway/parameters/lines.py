"""Cell lines: files of differences over the reference numbers, over a built-in line, or over another such file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pathway.errors import UnknownNameError, did_you_mean

from .read import Entry, ParameterError, TomlDocument, raise_all, read_entries, read_toml


@dataclass(frozen=True)
class CellLine:
    """A cell line: the reference numbers with its own differences put over them.

    Attributes
    ----------
    name, title, genotype, source : str
    parent : str or None
        The line whose differences it starts from: the name of a built-in one, or the full path of a file.
    entries : mapping of parameter name to Entry
        Every parameter of the network.
    own : frozenset of str
        Names that this line itself sets.
    files : tuple of Path
        The files it is read from: its own, its parent's, and so on.
    """

    name: str
    title: str
    genotype: str
    source: str
    parent: str | None
    entries: Mapping[str, Entry]
    own: frozenset[str] = field(default_factory=frozenset)
    files: tuple[Path, ...] = ()

    @property
    def values(self) -> dict[str, float]:
        """Parameter values in the units the network declares."""
        return {name: entry.value for name, entry in self.entries.items()}


_LINE_KEYS = {"title", "genotype", "source", "parent", "doubling_time_source", "note"}
LONGEST_CHAIN = 20
"""Files of which each is the next one's parent."""


def read_cell_line(
    path: Path,
    reference: Mapping[str, Entry],
    sources: Collection[str],
    built_in: Callable[[str], CellLine],
    children: tuple[Path, ...] = (),
) -> CellLine:
    """A cell line from its file of differences.

    Parameters
    ----------
    path : Path
    reference : mapping of name to Entry
    sources : collection of str
    built_in : callable name -> CellLine
        Finds the line that comes with the package; a `parent` that ends in ".toml" is a file beside this one.
    children : tuple of Path
        Files of which this one is an ancestor.

    Raises
    ------
    ParameterError
        With one line for each mistake.
    """
    document = read_toml(path)
    about = document.tables.get("line", {})
    if not isinstance(about, dict):
        raise ParameterError(f"{document.place('line')}: 'line' is no table; write [line] with title and parent")
    mistakes = list(_about_complaints(document, about))
    parent = None
    if not mistakes and "parent" in about:
        try:
            parent = _parent(document, about["parent"], reference, sources, built_in, children)
        except UnknownNameError as error:
            mistakes.append(f"{document.place('line', 'parent')}: {error}")
    units = {name: entry.unit for name, entry in reference.items()}
    base = reference if parent is None else parent.entries
    own = read_entries(document, units, sources, mistakes, base=reference, parent=base)
    raise_all(mistakes)
    return CellLine(
        name=path.stem,
        title=about.get("title", path.stem),
        genotype=about.get("genotype", "" if parent is None else parent.genotype),
        source=about.get("source", ""),
        parent=_called(parent),
        entries={**base, **own},
        own=frozenset(own),
        files=(path, *(() if parent is None else parent.files)),
    )


def _about_complaints(document: TomlDocument, about: Mapping[str, object]) -> Iterator[str]:
    for key in sorted(set(about) - _LINE_KEYS):
        yield f"{document.place('line', key)}: [line] has no key '{key}'.{did_you_mean(key, _LINE_KEYS)}"
    for key in sorted(set(about) & _LINE_KEYS):
        if not isinstance(about[key], str):
            yield f"{document.place('line', key)}: [line] {key} is {about[key]!r}, but should be a text"
    if "title" not in about and "parent" not in about:
        yield f"{document.place('line')}: a cell line needs a table [line] with a title"


def _parent(
    document: TomlDocument,
    name: str,
    reference: Mapping[str, Entry],
    sources: Collection[str],
    built_in: Callable[[str], CellLine],
    children: tuple[Path, ...],
) -> CellLine:
    """The line that a file names as its parent.

    Raises
    ------
    UnknownNameError
        If there is none, or a file is its own ancestor.
    ParameterError
        If the parent's file is wrong.
    """
    if not name.endswith(".toml"):
        return built_in(name)
    chain = (*children, document.path.resolve())
    file = document.path.parent / name
    if not file.is_file():
        raise UnknownNameError(
            f"there is no cell line file '{name}' beside this one ({document.path.parent.resolve()})"
        )
    if file.resolve() in chain:
        cycle = " -> ".join(path.name for path in (*chain[chain.index(file.resolve()) :], file))
        raise UnknownNameError(f"this line is its own parent: {cycle}")
    if len(chain) >= LONGEST_CHAIN:
        raise UnknownNameError(f"more than {LONGEST_CHAIN} files, each the parent of another")
    return read_cell_line(file, reference, sources, built_in, chain)


def _called(parent: CellLine | None) -> str | None:
    """What a line's parent is found by, wherever one looks from."""
    if parent is None or not parent.files:
        return None if parent is None else parent.name
    return str(parent.files[0].resolve())


def is_cell_line_file(path: Path) -> bool:
    """Whether a TOML file describes cells, not an experiment: it has neither a time nor arms."""
    if path.suffix.lower() != ".toml" or not path.is_file():
        return False
    try:
        tables = read_toml(path).tables
    except ParameterError:
        return False  # the reader of scenarios says what is wrong with it
    return not tables.keys() & {"time", "arm"}


def cell_line_with_values(line: CellLine, values: Mapping[str, float], source: str, note: str = "") -> CellLine:
    """The same line with some values replaced, as a fit or an anchor leaves it."""
    changed = {
        name: replace(line.entries[name], value=value, stated=None, source=source, note=note or line.entries[name].note)
        for name, value in values.items()
    }
    return replace(line, entries={**line.entries, **changed})
