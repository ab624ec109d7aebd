"""FROM THE DISH TO PATIENTS: virtual women with a tumor each, trastuzumab in their blood, and what a clinic would see.

A woman is a member of an ensemble plus her own traits; pharmacokinetics, tumor and visits lie around the circuit, which
stays what it is. A model for thinking, not for treatment decisions. No file format but that of cohorts, no figure.
"""

DISCLAIMER = "A model for thinking, not for treatment decisions."
"""Stands on every page and in every answer."""

MONTH = 365.25 / 12.0
"""Days."""
