"""The command line: each command is one file, and its help ends with an example."""

from gateway.cli.main import main

__all__ = ["main"]
