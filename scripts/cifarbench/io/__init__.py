"""Read and write arrays, tables and fitted objects; files are written completely or not at all."""
