"""What a run is and was: from a configuration to names, settings and fingerprints, and from results to history."""
