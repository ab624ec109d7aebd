"""A scenario's measurements (blots, plates, ddCt) as a `Problem`, and what a fit says in the laboratory's terms.

Files are read by `pathway.scenario`; the other rooms of `fitting` do not know of scenarios.
"""
