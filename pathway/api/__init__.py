"""THE FACE IN PYTHON: what `import pathway` offers, in one room above all that computes, draws and writes.

Each function takes what a user has at hand (a name, a file, a folder) and hands over something that shows itself in a
notebook, draws itself with `pathway.plot` and leaves a folder with `save`. Nothing is computed here.
"""
