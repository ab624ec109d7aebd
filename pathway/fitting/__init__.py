"""From measurements to parameters with their uncertainty.

`problem` is the plain object that `laboratory` (a scenario with measurements) or `pathway.formats` fills; `objective`
turns it into numbers, `search` finds optima, `uncertainty` says how well they are known. No file format enters here.
"""
