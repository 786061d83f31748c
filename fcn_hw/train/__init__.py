"""Training: data sets, quantized networks, loops and metrics.

TensorFlow is imported inside functions only: data sets and metrics load without it.
"""
