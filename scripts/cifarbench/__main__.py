"""Run the command line: `python -m cifarbench`."""

from cifarbench.cli import main

main()
