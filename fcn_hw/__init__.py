"""fcn_hw: from a quantized segmentation network to a verified FPGA hand-off."""

__version__ = "0.1.0"
