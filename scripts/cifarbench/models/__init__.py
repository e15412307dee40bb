"""Fit models: features and labels in, predictions.npz and fit.json out, the same for every family."""
