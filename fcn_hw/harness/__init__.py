"""C simulation: stimulus, build, run, comparison of integer codes."""
