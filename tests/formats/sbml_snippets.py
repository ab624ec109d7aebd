"""Small SBML files for tests."""

from __future__ import annotations


def sbml(body: str, level: int = 3, version: int = 2, attributes: str = "") -> str:
    """A whole file around the inside of its <model>."""
    space = f"level{level}/version{version}/core" if level == 3 else f"level{level}/version{version}"
    if level == 2 and version == 1:
        space = "level2"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<sbml xmlns="http://www.sbml.org/sbml/{space}" level="{level}" version="{version}">\n'
        f'<model id="small" {attributes}>\n{body}\n</model>\n</sbml>\n'
    )


def math(inside: str) -> str:
    """A <math> element."""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML">{inside}</math>'


def parameters(**values: float | str | None) -> str:
    """A list of parameters that may change; None leaves the value open."""
    items = "".join(
        f'<parameter id="{name}" constant="false"' + ("/>" if value is None else f' value="{value}"/>')
        for name, value in values.items()
    )
    return f"<listOfParameters>{items}</listOfParameters>"


def compartment(size: str = 'size="1"', constant: bool = True) -> str:
    """The compartment C."""
    return (
        f'<listOfCompartments><compartment id="C" spatialDimensions="3" {size} '
        f'constant="{str(constant).lower()}"/></listOfCompartments>'
    )


def species(**amounts: float) -> str:
    """Species in C by initial amount; their names mean concentrations."""
    items = "".join(
        f'<species id="{name}" compartment="C" initialAmount="{amount}" hasOnlySubstanceUnits="false" '
        'boundaryCondition="false" constant="false"/>'
        for name, amount in amounts.items()
    )
    return f"<listOfSpecies>{items}</listOfSpecies>"


def reaction(name: str, reactants: dict[str, float], products: dict[str, float], law: str, extra: str = "") -> str:
    """One reaction with the inside of its law's <math>."""

    def side(tag: str, counts: dict[str, float]) -> str:
        items = "".join(
            f'<speciesReference species="{n}" stoichiometry="{c}" constant="true"/>' for n, c in counts.items()
        )
        return f"<{tag}>{items}</{tag}>" if items else ""

    return (
        f'<reaction id="{name}" reversible="false" {extra}>{side("listOfReactants", reactants)}'
        f"{side('listOfProducts', products)}<kineticLaw>{math(law)}</kineticLaw></reaction>"
    )
