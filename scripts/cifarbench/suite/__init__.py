"""Compare models across datasets, seeds, splits and training set sizes: takes scores, gives tables and a page."""
