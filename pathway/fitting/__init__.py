"""From measurements to parameters with their uncertainty.

`problem` is the plain object that a scenario or `pathway.formats` fills; `objective` turns it into numbers, `search`
finds optima, `profiles`, `sampling` and `predict` say how well they are known. No file format enters here.
"""
