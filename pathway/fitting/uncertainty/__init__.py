"""How well the parameters and what follows from them are known: null spaces, profiles, draws, predictions, designs.

Works on an objective and an optimum, whoever found it.
"""
