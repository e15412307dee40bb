"""From a configuration to a checked one.

In come YAML mappings and the schema, out come the configurations of all datasets, or a sentence for each
error.
"""
