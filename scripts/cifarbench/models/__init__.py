"""From features to predictions.

In come features and labels, out come predictions.npz and fit.json, the same for every model type.
"""
