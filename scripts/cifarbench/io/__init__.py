"""From arrays, tables and objects to files and back.

In come values and paths, out come files that are written whole or not at all.
"""
