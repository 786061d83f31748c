"""Layers of Keras that no model may have, float or quantized, and what to do instead."""

from __future__ import annotations

AXES = "keep images as (height, width, channels)"

_RECURRENT = "recurrent layers keep state from step to step, which frames have not"
_FRAMES = "a frame has two dimensions: use the layer of the same name that ends in 2D"
_STATISTICS = "its statistics are of each image: use BatchNormalization"
_ATTENTION = (
    "products of all pixels with all others have no op here: use Multiply, as a gate, or "
    "convolutions of a larger receptive field"
)
_SEQUENCE = "it is of sequences: give images to the model"

NEVER: dict[str, str] = {
    "SlicingOpLambda": "use Cropping2D instead of a slice",
    "GlobalMaxPooling2D": "use MaxPooling2D with the frame's size",
    **dict.fromkeys(
        """LSTM GRU SimpleRNN RNN Bidirectional LSTMCell GRUCell SimpleRNNCell
        StackedRNNCells""".split(),
        _RECURRENT,
    ),
    "ConvLSTM2D": "recurrent layers keep state from frame to frame; use a convolution",
    **dict.fromkeys(("LayerNormalization", "GroupNormalization", "UnitNormalization"), _STATISTICS),
    **dict.fromkeys(
        """AveragePooling1D AveragePooling3D Conv1D Conv1DTranspose Conv3D Conv3DTranspose
        Cropping1D Cropping3D GlobalAveragePooling1D GlobalMaxPooling1D MaxPooling1D MaxPooling3D
        SeparableConv1D SpatialDropout1D SpatialDropout3D UpSampling1D UpSampling3D ZeroPadding1D
        ZeroPadding3D""".split(),
        _FRAMES,
    ),
    **dict.fromkeys(("Attention", "AdditiveAttention", "MultiHeadAttention", "Dot"), _ATTENTION),
    **dict.fromkeys(("Embedding", "Masking", "RepeatVector", "CategoryEncoding"), _SEQUENCE),
    **dict.fromkeys(
        ("LocallyConnected1D", "LocallyConnected2D"),
        "use a convolution, whose weights pixels share",
    ),
    "CenterCrop": "use Cropping2D",
    "TimeDistributed": "frames have no steps of time: use the layer that it holds",
}
"""By class."""
