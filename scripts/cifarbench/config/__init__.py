"""Check configurations: YAML mappings and the schema in, the experiment of each dataset or error messages out."""
