"""Plots, one module per type: takes scores and tables, gives SVG and PNG files; computes no results."""

# Key of a PNG's metadata that lists the characters which no installed font has; they are drawn as boxes.
MISSING_GLYPHS = "Missing glyphs"
