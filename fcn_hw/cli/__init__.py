"""The command line. It prints; everything else is done below it.

Exit status: 0 done, 1 a check or a tool failed, or another run is at work, 2 a mistake in what was
given, 130 interrupted.
"""

from fcn_hw.cli.entry import app, main

__all__ = ["app", "main"]
