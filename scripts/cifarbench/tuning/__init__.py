"""From scores of folds to hyperparameters: in come the cells of a grid, out comes the best candidate."""
