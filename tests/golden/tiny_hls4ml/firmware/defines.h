// Types of tiny's streams: one pixel, all channels, a beat. Emitted by fcn_hw.
#ifndef DEFINES_H_
#define DEFINES_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"
#include "nnet_utils/nnet_types.h"

typedef nnet::array<ap_ufixed<8, 0>, 1> image_t;
typedef nnet::array<ap_ufixed<8, 0>, 1> conv1_padding_t;
typedef nnet::array<ap_ufixed<4, 2, AP_RND_CONV, AP_SAT>, 2> conv1_t;
typedef nnet::array<ap_ufixed<4, 2>, 2> pool1_t;
typedef nnet::array<ap_fixed<5, 3, AP_RND_CONV, AP_SAT>, 2> conv2_t;
typedef nnet::array<ap_fixed<5, 4, AP_RND_CONV, AP_SAT>, 2> up_t;
typedef nnet::array<ap_fixed<7, 5>, 2> skip_t;
typedef nnet::array<ap_fixed<5, 3>, 2> padded_t;
typedef nnet::array<ap_fixed<5, 3>, 2> cut_t;
typedef nnet::array<ap_ufixed<4, 2>, 2> positive_t;
typedef nnet::array<ap_ufixed<4, 2, AP_RND_CONV, AP_SAT>, 2> apart_t;
typedef nnet::array<ap_ufixed<10, 6>, 2> mean_t;
typedef nnet::array<ap_ufixed<10, 6>, 2> nearest_t;
typedef nnet::array<ap_ufixed<8, 2>, 2> bilinear_t;
typedef nnet::array<ap_fixed<4, 3, AP_RND_CONV, AP_SAT>, 2> coarse_t;
typedef nnet::array<ap_fixed<10, 4>, 2> scaled_t;
typedef nnet::array<ap_ufixed<2, 2>, 2> counted_t;
typedef nnet::array<ap_fixed<4, 1>, 2> looked_up_t;
typedef nnet::array<ap_fixed<6, 3>, 2> less_t;
typedef nnet::array<ap_fixed<11, 7>, 2> most_t;
typedef nnet::array<ap_fixed<11, 7>, 6> both_t;
typedef nnet::array<ap_ufixed<8, 8>, 1> class_map_t;

#endif
