"""Plan experiments: from a checked configuration to models, runs, features, grid cells, file paths and fingerprints."""
