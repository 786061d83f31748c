"""The graph as processes and FIFOs: cycles, tokens, FIFO depths and their proof."""
