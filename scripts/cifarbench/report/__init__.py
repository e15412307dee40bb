"""From results to words: in come the files of a run, out comes a page with its conclusions."""
