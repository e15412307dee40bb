"""Save the configurations and metrics of finished runs, and compare them."""
