"""Provide the command `cifarbench`, with the subcommands that are not jobs of the workflow."""

import sys
from importlib import import_module

from cifarbench.errors import exit_on_user_errors, exit_on_windows

COMMANDS = {
    "doctor": "check this machine: Python, cores, memory, disk, GPU, archive",
    "explain": "list the jobs of the next run, with reasons",
    "runs": "list the finished runs with the accuracies of their models",
    "diff": "compare two finished runs: changed settings and metrics",
    "predict": "classify the images of a folder with a fitted model",
    "test-set": "write the test images without labels, for predictions that are made elsewhere",
    "leaderboard": "rank files of predictions of the test images",
    "merge": "write a configuration that compares the models of several runs",
    "crate": "pack a finished run as a Workflow Run RO-Crate",
    "reproduce": "run an experiment again from its crate and compare all metrics",
    "docs": "write the generated parts of the documentation",
}


def main() -> None:
    """Run the command that the first argument names."""
    exit_on_windows()
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in COMMANDS:
        with exit_on_user_errors():
            command = import_module(f"cifarbench.cli.{name.replace('-', '_')}").main
        if name == "doctor":
            # It parses its own arguments, so that it runs in an older Python.
            command(arguments)
            return
        from cifarbench.runtime.command_line import run

        run(command, f"cifarbench {name}", arguments)
        return
    if name not in ("-h", "--help"):
        sys.exit(f"Error: {name} is not a command; use one of {', '.join(COMMANDS)}.")
    print("usage: cifarbench COMMAND [--option VALUE ...]\n")
    for command, meaning in COMMANDS.items():
        print(f"  {command:<11} {meaning}")
