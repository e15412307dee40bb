"""Predict by classifiers of scikit-learn: features and labels in, a fitted estimator and predictions out."""
