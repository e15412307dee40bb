"""From features to predictions by scikit-learn: in come features and labels, out come a fitted estimator and answers."""
