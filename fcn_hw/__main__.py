"""``python -m fcn_hw``."""

from fcn_hw.cli import main

main()
