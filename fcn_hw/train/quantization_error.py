"""How much a quantizer changes what it quantizes: relative squared error, Kullback-Leibler
divergence of histograms. And how much the network's verdict changes: divergence of its classes.

Three numbers, since none tells all:

* ``l2``: ``sum (x - q(x))^2 / sum x^2``, what the binary point is chosen by (Hwang & Sung, SiPS
  2014), and the perturbation that HAWQ-V2 weighs with the Hessian (Dong et al., NeurIPS 2020).
* ``kl``: what of the distribution of the values is lost when all values that get one code are told
  apart no more. P is the histogram of the values, Q has the mass of each code spread evenly over
  those bins of it that hold anything, and ``kl = sum P ln(P / Q)``, as in Migacz, "8-bit inference
  with TensorRT" (GTC 2017), which compares P with such a Q over 2048 bins. Here n values get
  ``sqrt(n)`` bins, 2048 at most: of a few weights in many bins each would be alone in its own, and
  nothing would seem lost. Zeros are left out: a ReLU or pruning makes many, every format holds
  them, and one full bin would drown the others.
* ``output_kl``: mean over the pixels that count of ``sum_c p_c ln(p_c / q_c)``, p and q the softmax
  of the scores of the float and of the quantized network: the sensitivity of ZeroQ (Cai et al.,
  CVPR 2020).

Logarithms are natural.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from fcn_hw.fixed import FixedFormat
from fcn_hw.train.calibrate import squared_error, weight_codes
from fcn_hw.train.precision import WeightQuantizer

MAX_BINS = 2048

FloatArray = npt.NDArray[np.floating]
Pass = Callable[[], Iterable[FloatArray]]
"""Starts a pass over the values: arrays of any shape."""


def errors_of(values: Pass, quantizer: WeightQuantizer | FixedFormat) -> tuple[float, float]:
    """``l2`` and ``kl`` of a quantizer on values that need not fit in memory.

    Args:
        values: is passed over twice: for range and error, then for the histogram.
        quantizer: of weights or activations.

    Returns:
        both are 0 where there is nothing but zeros.
    """
    error = energy = 0.0
    count = 0
    low, high = np.inf, -np.inf
    for part in _in_doubles(values):
        error += squared_error(part, quantizer)
        energy += float(np.sum(part**2))
        count += int(np.count_nonzero(part))
        if part.size:
            low, high = min(low, float(part.min())), max(high, float(part.max()))
    if energy == 0.0:
        return 0.0, 0.0
    bins = min(math.isqrt(count), MAX_BINS)
    edges = np.linspace(low, high, bins + 1) if low < high else np.array([low, high + 1.0])
    counts = np.zeros(len(edges) - 1, dtype=np.int64)
    for part in _in_doubles(values):
        counts += np.histogram(part[part != 0.0], edges)[0]
    return error / energy, histogram_divergence(counts, edges, quantizer)


def _in_doubles(values: Pass) -> Iterable[npt.NDArray[np.float64]]:
    return (np.asarray(part, dtype=np.float64) for part in values())


def histogram_divergence(
    counts: npt.NDArray[np.int64],
    edges: npt.NDArray[np.float64],
    quantizer: WeightQuantizer | FixedFormat,
) -> float:
    """``kl`` of a histogram; a bin has the code of its middle.

    Args:
        counts: (n,), one positive at least.
        edges: (n + 1,), rising.
        quantizer: of what was counted.
    """
    codes = weight_codes((edges[:-1] + edges[1:]) / 2, quantizer)
    full = counts > 0
    p = counts[full] / counts.sum()
    _, code = np.unique(codes[full], return_inverse=True)
    q = (np.bincount(code, p) / np.bincount(code))[code]
    return max(0.0, float(np.sum(p * np.log(p / q))))  # a sum of rounded terms may end below zero
