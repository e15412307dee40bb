"""From features to predictions by scikit-learn: in come features and labels, out come an estimator and its answers."""
