"""From arrays to features: in come pixels or other features, out come a fitted transformation and its values."""
