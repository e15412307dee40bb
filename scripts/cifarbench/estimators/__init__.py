"""From features to predictions by scikit-learn's classifiers: in come features and labels, out comes a fitted estimator and its answers."""
