"""From features to predictions by nearest neighbours: in come features and labels, out come votes."""
