"""Plots, one module per type: takes scores and tables, gives SVG and PNG files; computes no results."""

# The key of a PNG's metadata with the characters that no installed font has, which are drawn as boxes.
MISSING_GLYPHS = "Missing glyphs"
