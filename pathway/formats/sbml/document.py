"""From a file to a libSBML document that is safe to walk: well formed, no entities, flat, known packages only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ..errors import FormatError, Unsupported

DEEPEST = 2000
"""Nesting of elements or brackets above which a file is refused: libSBML recurses and would end the process."""

_IGNORED_PACKAGES = {"layout", "render", "groups", "comp", "fbc", "l3v2extendedmath"}
_PACKAGE_NAMES = {
    "distrib": "distributions",
    "arrays": "arrays",
    "multi": "multistate species",
    "qual": "qualitative models",
    "spatial": "spatial processes",
    "dyn": "dynamic structures",
}


_PACKAGE_URI = re.compile(r"http://www\.sbml\.org/sbml/level3/version\d+/(\w+)/version\d+$")


def open_document(text: str, name: str, folder: Path | None = None) -> Any:
    """A libSBML document of the text, flattened.

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        What messages call it.
    folder : Path, optional
        Where external model definitions of `comp` are looked up; absent: they are refused.

    Raises
    ------
    FormatError
        For XML that is not well formed, entities, nesting beyond all bounds, or anything libSBML calls an error.
    Unsupported
        For required packages other than `comp`, and for flux balance problems.
    """
    _check_xml(text, name)
    import libsbml

    if folder is None or "externalModelDefinition" not in text:
        document = libsbml.readSBMLFromString(text)
    else:
        _check_external_sources(text, name)
        document = libsbml.readSBMLFromFile(str(folder / name))
    _raise_errors(document, name)
    if document.getModel() is None:
        raise FormatError(f"{name}: there is no <model> in this file")
    _refuse_packages(document, name)
    if document.isPackageEnabled("comp"):
        _flatten(document, name)
    return document


def _check_xml(text: str, name: str) -> None:
    """Walk the file once without building anything: well formed, no document type, not nested beyond bounds."""
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth == 1:
            _refuse_unknown(attributes, f"{name}:{parser.CurrentLineNumber}")
        if depth > DEEPEST:
            raise FormatError(f"{name}:{parser.CurrentLineNumber}: elements are nested more than {DEEPEST} deep")
        formula = attributes.get("formula")
        if formula is not None and bracket_depth(formula) > DEEPEST:
            raise FormatError(f"{name}:{parser.CurrentLineNumber}: brackets are nested more than {DEEPEST} deep")

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_: Any) -> None:
        raise FormatError(f"{name}:{parser.CurrentLineNumber}: document types and entities are not read (<!DOCTYPE>)")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text.encode("utf-8") if not _declares_other_encoding(text) else text.encode("latin-1"), True)
    except LookupError as problem:
        raise FormatError(f"{name}:1: {problem}; SBML is written in UTF-8") from None
    except expat.ExpatError as problem:
        reason = expat.errors.messages.get(problem.code, str(problem))
        raise FormatError(f"{name}:{problem.lineno}: not well-formed XML ({reason}); is the file complete?") from None


def _refuse_unknown(attributes: dict[str, str], place: str) -> None:
    """Refuse what the file says is needed to understand it, and what nobody here knows."""
    for attribute, value in attributes.items():
        uri, _, word = attribute.rpartition(" ")
        if word == "required" and uri and value.strip() in ("true", "1"):
            package = _PACKAGE_URI.match(uri)
            if package is None or package.group(1) not in _IGNORED_PACKAGES | _PACKAGE_NAMES.keys():
                raise Unsupported(f"{place}: the file requires the SBML package '{uri}', which is not known here")


def _declares_other_encoding(text: str) -> bool:
    match = re.match(r"""\s*<\?xml[^>]*encoding\s*=\s*["']([^"']+)""", text)
    return match is not None and match.group(1).lower() in ("latin-1", "iso-8859-1", "latin1")


def bracket_depth(text: str) -> int:
    """How deep round brackets are nested."""
    deepest = depth = 0
    for mark in text:
        if mark == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif mark == ")":
            depth -= 1
    return deepest


def _check_external_sources(text: str, name: str) -> None:
    """External definitions of `comp` may only name files beside this one."""
    for tag in re.findall(r"<[\w:]*externalModelDefinition\b[^>]*>", text):
        source = re.search(r"""source\s*=\s*["']([^"']*)""", tag)
        if source is not None and (re.match(r"[a-zA-Z]+:", source.group(1)) or source.group(1).startswith(("/", ".."))):
            raise Unsupported(f"{name}: external model definition '{source.group(1)}' is not a file beside this one")


def _raise_errors(document: Any, name: str) -> None:
    import libsbml

    for index in range(document.getNumErrors()):
        problem = document.getError(index)
        if problem.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            words = " ".join(problem.getMessage().split())
            raise FormatError(f"{name}:{problem.getLine()}: {words}")


def _refuse_packages(document: Any, name: str) -> None:
    for index in range(document.getNumPlugins()):
        package = document.getPlugin(index).getPackageName()
        if package not in _IGNORED_PACKAGES and document.getPackageRequired(package):
            meaning = _PACKAGE_NAMES.get(package, package)
            raise Unsupported(f"{name}: the SBML package '{package}' ({meaning}) is not supported")
    fluxes = document.getModel().getPlugin("fbc")
    if fluxes is not None and (fluxes.getNumObjectives() or fluxes.getNumFluxBounds()):
        raise Unsupported(
            f"{name}: this is a flux balance problem (package 'fbc', objective or flux bounds), not a time course"
        )


def _flatten(document: Any, name: str) -> None:
    import libsbml

    properties = libsbml.ConversionProperties()
    properties.addOption("flatten comp", True)
    properties.addOption("performValidation", False)
    properties.addOption("leavePorts", False)
    properties.addOption("abortIfUnflattenable", "requiredOnly")
    if document.convert(properties) != libsbml.LIBSBML_OPERATION_SUCCESS:
        _raise_errors(document, name)
        raise FormatError(f"{name}: the submodels (package 'comp') could not be joined into one model")
