"""From pixels to predictions by networks: in come images and labels, out come weights, a history and answers."""
