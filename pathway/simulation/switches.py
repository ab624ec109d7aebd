"""Switches of a model along a run: where its rates jump or bend, and where triggers may change."""

from __future__ import annotations

from pathway.equations.switches import Switch, switches

__all__ = ["Switch", "switches"]
