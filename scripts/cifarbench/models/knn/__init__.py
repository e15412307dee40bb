"""Predict by k nearest neighbours: features and labels in, vote shares out."""
