"""Zeros among the weights: counted on each grid, pruned to levels, written and drawn."""
