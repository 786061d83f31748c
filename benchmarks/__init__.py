"""Speed of fcn_hw beside hls4ml 1.3.0, on the same graphs, in one run: ``make bench``."""
