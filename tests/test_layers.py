"""Imports point one way only, without circles, and some libraries stay behind fences."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "pathway"
ORDER = [
    {"errors", "extras", "interpreter", "numerals"},
    {"files", "notebook", "toml_positions"},
    {"folders"},
    {"units", "expressions"},
    {"network"},
    {"parameters"},
    {"equations"},
    {"kernels"},
    {"simulation"},
    {"scenario"},
    {"fitting", "analysis", "clinic", "planning"},
    {"formats", "plotting"},
    {"report"},
    {"explorer"},
    {"api"},
    {"course"},
    {"cli"},
]
INSIDE = {"fitting": ["problem", "objective", "search", "uncertainty", "laboratory"]}
"""The same within a room that has rooms of its own."""
FENCES = {
    "matplotlib": ("plotting/",),
    "libsbml": ("formats/",),
    "petab": ("formats/",),
    "antimony": ("formats/",),
    "llvmlite": ("kernels/",),
    "numba": ("simulation/", "kernels/calls.py", "kernels/structs_numba.py", "kernels/vectors.py"),
    "jinja2": ("report/",),
    "anywidget": ("explorer/",),
    "starlette": ("explorer/",),
    "uvicorn": ("explorer/",),
    "websockets": ("explorer/",),
}
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}
EXEMPT = {"__init__.py", "__main__.py"}
FILES = sorted(str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py") if str(p.relative_to(PACKAGE)) not in EXEMPT)


def imported_names(file: Path, package: Path = PACKAGE) -> list[str]:
    """Full names of all that a file imports, inside functions too; relative ones resolved."""
    here = ("pathway", *file.relative_to(package).with_suffix("").parts)
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            stem = ".".join(here[: -node.level]) + "." if node.level else ""
            module = (stem + (node.module or "")).rstrip(".")
            found += [f"{module}.{alias.name}" for alias in node.names]
    return found


def import_graph(package: Path) -> dict[str, set[str]]:
    """The modules of the package that each of its modules imports."""
    files = {module_name(file.relative_to(package)): file for file in package.rglob("*.py")}
    graph = {}
    for module, file in files.items():
        # A package face that is asked for a submodule is not asked for what else it imports.
        named = {n if n in files else n.rpartition(".")[0] for n in imported_names(file, package)}
        graph[module] = named & files.keys() - {module}
    return graph


def module_name(file: Path) -> str:
    """Full name of the module in a file of the package."""
    return ".".join(("pathway", *file.with_suffix("").parts)).removesuffix(".__init__")


def import_circle(graph: dict[str, set[str]]) -> str:
    """The modules of a circle, each imported by the next; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " <- ".join(error.args[1])
    return ""


def offence(file: str, name: str) -> str | None:
    """What is wrong with this file importing this module."""
    top, *rest = name.split(".")
    if top in FENCES and not file.startswith(FENCES[top]):
        return f"pathway/{file} imports {name}, which belongs in {' or '.join(FENCES[top])} only"
    if top != "pathway":
        return None
    if not rest:
        return f"pathway/{file} imports the package itself, whose names are for users"
    room, other = Path(file).with_suffix("").parts[0], rest[0]
    if other not in LEVEL or room not in LEVEL:
        return f"pathway/{file} imports {name}: '{room if room not in LEVEL else other}' is no room of the house"
    if other != room and LEVEL[other] >= LEVEL[room]:
        return (
            f"pathway/{file} imports {name}, which {'sits above' if LEVEL[other] > LEVEL[room] else 'stands beside'} it"
        )
    if other == room and room in INSIDE:
        order, here, there = INSIDE[room], Path(file).with_suffix("").parts[1], rest[1]
        if here in order and there in order and order.index(there) > order.index(here):
            return f"pathway/{file} imports {name}, which sits above it"
    return None


@pytest.mark.parametrize("file", FILES)
def test_imports_point_downwards_and_respect_the_fences(file):
    offences = filter(None, (offence(file, name) for name in imported_names(PACKAGE / file)))
    assert not list(dict.fromkeys(offences))


def test_no_module_imports_itself_by_way_of_others():
    assert not import_circle(import_graph(PACKAGE))


def test_a_circle_is_named(tmp_path):
    """Through the face of a room, and by an import that waits inside a function."""
    room = tmp_path / "network"
    room.mkdir()
    (room / "__init__.py").write_text("from .join import joined\n")
    (room / "join.py").write_text("def joined():\n    from .check import checked\n")
    (room / "check.py").write_text("import pathway.network\n")
    (room / "map.py").write_text("from . import join\n")
    circle = import_circle(import_graph(tmp_path)).split(" <- ")
    assert set(circle) == {"pathway.network", "pathway.network.join", "pathway.network.check"}
    assert circle[0] == circle[-1] and len(circle) == 4


def test_an_offender_is_named():
    assert offence("units.py", "pathway.plotting") == "pathway/units.py imports pathway.plotting, which sits above it"
    assert offence("fitting/search/multi_start.py", "pathway.analysis") is not None
    assert offence("fitting/objective/runs.py", "pathway.fitting.search.result") is not None
    assert offence("fitting/search/multi_start.py", "pathway.fitting.objective.hierarchical_parameters") is None
    assert offence("scenario/run.py", "matplotlib.pyplot") is not None
    assert offence("kernels/build.py", "numba") is not None
    assert offence("simulation/loop.py", "numba") is None
