"""Write the report of a run, and the page of its data audit, from its result files."""
