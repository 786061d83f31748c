"""Speed of fcn_hw beside stock hls4ml 1.3.0, on the same graphs, in one run: ``make bench``."""
