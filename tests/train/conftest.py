"""Every test of this folder has the data set and the design of ``squares_design.py``."""

from squares_design import squares, tiny_design

__all__ = ["squares", "tiny_design"]
