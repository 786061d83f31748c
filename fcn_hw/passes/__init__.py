"""Rewrites of a graph that keep every output code."""

from fcn_hw.passes.pipeline import DEFAULT_PASSES, Pass, run_passes

__all__ = ["DEFAULT_PASSES", "Pass", "run_passes"]
