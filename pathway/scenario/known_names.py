"""Agents and cell lines by the names that the package has for them, however a scenario calls them."""

from __future__ import annotations

from typing import Any

from pathway.parameters import name_as_known

from .laboratory import Laboratory


def with_known_names(document: dict[str, Any], laboratory: Laboratory) -> dict[str, Any]:
    """The document with "Herceptin" as "trastuzumab" and "BT-474" as "bt474"; what is not known stays as it is."""

    def agent(name: Any) -> Any:
        return name_as_known(name, laboratory.agents, laboratory.other_names) if isinstance(name, str) else name

    def with_cells(table: Any) -> Any:
        if not isinstance(table, dict) or not isinstance(table.get("cells"), str):
            return table
        return {**table, "cells": name_as_known(table["cells"], laboratory.cell_lines)}

    changed = with_cells(document)
    doses, arms, growth = changed.get("dose"), changed.get("arm"), changed.get("growth_rate")
    if isinstance(doses, dict):
        changed = {
            **changed,
            "dose": {
                name: {**dose, "agent": agent(dose["agent"])} if isinstance(dose, dict) and "agent" in dose else dose
                for name, dose in doses.items()
            },
        }
    if isinstance(arms, list):
        changed = {**changed, "arm": [with_cells(arm) for arm in arms]}
    if isinstance(growth, dict) and isinstance(growth.get("of"), list):
        own = list(doses) if isinstance(doses, dict) else []
        asked = [name if name in own else agent(name) for name in growth["of"]]
        changed = {**changed, "growth_rate": {**growth, "of": asked}}
    return changed
