"""Pictures of results, one module a kind. None computes a result, and none knows a model family."""
