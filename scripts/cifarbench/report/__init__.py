"""Write the report of a run, the explorer of its predictions, and the page of its data audit, from its result files."""
