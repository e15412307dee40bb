"""Evaluation: takes the predictions of any model, gives metrics, significance tests and a comparison of models."""
