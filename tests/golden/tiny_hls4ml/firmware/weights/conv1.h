// Weights and biases of conv1, values as hls4ml prints them. Emitted by fcn_hw.
#ifndef CONV1_WEIGHTS_H_
#define CONV1_WEIGHTS_H_

// shape 2 x 3 x 3 x 1
conv1_weight_t conv1_weights[18] = {
    -0.125, 0.500, -1.000, 0.625, -0.625, 0.625, -0.500, -0.500, 0.250, 0.000, 0.875, -0.750, 0.875, -0.500, -0.250, 0.625,
    -0.250, 0.000,
};

// shape 2
conv1_bias_t conv1_biases[2] = {
    -1.671875, -1.890625,
};

#endif
