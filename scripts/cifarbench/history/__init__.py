"""From finished runs to differences between them: in come results, out come records of configurations and metrics."""
