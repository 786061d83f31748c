// Weights and biases of conv2, values as hls4ml prints them. Emitted by fcn_hw.
#ifndef CONV2_WEIGHTS_H_
#define CONV2_WEIGHTS_H_

// shape 1 x 1 x 2 x 2
conv2_weight_t conv2_weights[4] = {
    0.625, 0.500, 0.625, 0.000,
};

// shape 2
conv2_bias_t conv2_biases[2] = {
    0.00000, 0.00000,
};

#endif
