"""From scores to one comparison over datasets, seeds, splits and sizes: in come scores, out go tables and a page."""
