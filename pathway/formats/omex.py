"""COMBINE archives (OMEX): everything an experiment needs in one file."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from .experiment import LICENSE, TAXON, ExportedModel
from .sbml.notes import identifiers_org_address
from .sedml import sedml_files

_FORMATS = {
    ".sedml": "http://identifiers.org/combine.specifications/sed-ml",
    ".xml": "http://identifiers.org/combine.specifications/sbml",
    ".rdf": "http://identifiers.org/combine.specifications/omex-metadata",
}
_ARCHIVE = "http://identifiers.org/combine.specifications/omex"
_MANIFEST = "http://identifiers.org/combine.specifications/omex-manifest"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Every entry's date, so that the same experiment gives the same bytes."""


def omex_bytes(experiments: Sequence[ExportedModel], name: str, title: str = "") -> bytes:
    """An archive with a manifest, one master SED-ML file, the models and metadata.

    Parameters
    ----------
    experiments : sequence of ExportedModel
        The arms of a scenario; see `pathway.formats.experiment.exported_models`.
    name : str
        Of the scenario.
    title : str, optional
    """
    files = sedml_files(experiments, name)
    files["metadata.rdf"] = _metadata(title or name)
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        _put(archive, "manifest.xml", _manifest(files))
        for file, text in files.items():
            _put(archive, file, text)
    return stream.getvalue()


def _put(archive: ZipFile, name: str, text: str) -> None:
    entry = ZipInfo(name, _EPOCH)
    entry.compress_type = ZIP_DEFLATED
    archive.writestr(entry, text)


def _manifest(files: dict[str, str]) -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<omexManifest xmlns="{_MANIFEST}">',
        f'  <content location="." format="{_ARCHIVE}"/>',
        f'  <content location="./manifest.xml" format="{_MANIFEST}"/>',
    ]
    for name in files:
        master = ' master="true"' if name.endswith(".sedml") else ""
        lines.append(f'  <content location="./{name}" format="{_FORMATS[Path(name).suffix]}"{master}/>')
    return "\n".join([*lines, "</omexManifest>", ""])


def _metadata(title: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcterms="http://purl.org/dc/terms/"
  xmlns:bqbiol="http://biomodels.net/biology-qualifiers/">
  <rdf:Description rdf:about=".">
    <dcterms:title>{escape(title)}</dcterms:title>
    <dcterms:description>{escape(LICENSE)}</dcterms:description>
    <dcterms:license rdf:resource="https://spdx.org/licenses/CC0-1.0"/>
    <bqbiol:hasTaxon rdf:resource="{identifiers_org_address(TAXON)}"/>
  </rdf:Description>
</rdf:RDF>
"""
