"""Robustness: takes a fitted model and test images, gives accuracies on corrupted images and OOD scores."""
