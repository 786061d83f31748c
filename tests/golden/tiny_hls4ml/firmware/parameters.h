// Configuration of every process of tiny. Emitted by fcn_hw.
#ifndef PARAMETERS_H_
#define PARAMETERS_H_

#include "defines.h"

#include "fcn_hw/arg_max.h"
#include "fcn_hw/average_pool2d.h"
#include "fcn_hw/batch_norm.h"
#include "fcn_hw/conv_transpose2d.h"
#include "fcn_hw/crop2d.h"
#include "fcn_hw/depthwise_conv2d.h"
#include "fcn_hw/fork.h"
#include "fcn_hw/lookup.h"
#include "fcn_hw/max_pool2d.h"
#include "fcn_hw/quantize.h"
#include "fcn_hw/relu.h"
#include "fcn_hw/skip_add.h"
#include "fcn_hw/skip_concat.h"
#include "fcn_hw/skip_maximum.h"
#include "fcn_hw/skip_subtract.h"
#include "fcn_hw/threshold.h"
#include "fcn_hw/upsample_bilinear.h"
#include "fcn_hw/upsample_nearest.h"
#include "fcn_hw/zero_pad2d.h"
#include "nnet_utils/nnet_conv2d.h"
#include "nnet_utils/nnet_conv2d_stream.h"
#include "nnet_utils/nnet_padding.h"
#include "nnet_utils/nnet_padding_stream.h"
#include "nnet_utils/nnet_sepconv2d_stream.h"

// Zeros around the frame, by hls4ml.
struct config2 : nnet::padding2d_config {
    static const unsigned in_height = 6;
    static const unsigned in_width = 8;
    static const unsigned n_chan = 1;
    static const unsigned out_height = 8;
    static const unsigned out_width = 10;
    static const unsigned pad_top = 1;
    static const unsigned pad_bottom = 1;
    static const unsigned pad_left = 1;
    static const unsigned pad_right = 1;
};

// 3x3 convolution of 1 into 2 channels by hls4ml, Resource, reuse factor 3: cycles and FIFO depths are not proved.
typedef ap_fixed<15,4> conv1_accum_t;
typedef ap_fixed<4,1> conv1_weight_t;
typedef ap_fixed<8,2> conv1_bias_t;
struct config3_mult : nnet::dense_config {
    static const unsigned n_in = 9;
    static const unsigned n_out = 2;
    static const unsigned reuse_factor = 3;
    static const unsigned strategy = nnet::resource;
    static const unsigned n_zeros = 2;
    static const unsigned multiplier_limit = DIV_ROUNDUP(n_in * n_out, reuse_factor) - n_zeros / reuse_factor;
    typedef conv1_accum_t accum_t;
    typedef conv1_bias_t bias_t;
    typedef conv1_weight_t weight_t;
    template<class data_T, class res_T, class CONFIG_T>
    using kernel = nnet::DenseResource_rf_leq_nin<data_T, res_T, CONFIG_T>;
    template<class x_T, class y_T>
    using product = nnet::product::mult<x_T, y_T>;
};

struct config3 : nnet::conv2d_config {
    static const unsigned pad_top = 0;
    static const unsigned pad_bottom = 0;
    static const unsigned pad_left = 0;
    static const unsigned pad_right = 0;
    static const unsigned in_height = 8;
    static const unsigned in_width = 10;
    static const unsigned n_chan = 1;
    static const unsigned filt_height = 3;
    static const unsigned filt_width = 3;
    static const unsigned kernel_size = filt_height * filt_width;
    static const unsigned n_filt = 2;
    static const unsigned stride_height = 1;
    static const unsigned stride_width = 1;
    static const unsigned out_height = 6;
    static const unsigned out_width = 8;
    static const unsigned reuse_factor = 3;
    static const unsigned n_zeros = 2;
    static const unsigned multiplier_limit =
        DIV_ROUNDUP(kernel_size * n_chan * n_filt, reuse_factor) - n_zeros / reuse_factor;
    static const bool store_weights_in_bram = false;
    static const unsigned strategy = nnet::resource;
    static const nnet::conv_implementation implementation = nnet::conv_implementation::linebuffer;
    static const unsigned min_height = 8;
    static const unsigned min_width = 10;
    static const ap_uint<filt_height * filt_width> pixels[min_height * min_width];
    static const unsigned n_partitions = 48;
    static const unsigned n_pixels = out_height * out_width / n_partitions;
    template<class data_T, class CONFIG_T>
    using fill_buffer = nnet::FillConv2DBuffer<data_T, CONFIG_T>;
    typedef conv1_accum_t accum_t;
    typedef conv1_bias_t bias_t;
    typedef conv1_weight_t weight_t;
    typedef config3_mult mult_config;
    template<unsigned K, unsigned S, unsigned W>
    using scale_index_height = nnet::scale_index_regular<K, S, W>;
    template<unsigned K, unsigned S, unsigned W>
    using scale_index_width = nnet::scale_index_regular<K, S, W>;
};
const ap_uint<config3::filt_height * config3::filt_width> config3::pixels[] = {0};

// 2x2 maximum: 48 cycles a frame.
struct pool1_config {
    static constexpr int in_height = 6;
    static constexpr int in_width = 8;
    static constexpr int out_height = 3;
    static constexpr int out_width = 4;
    static constexpr int pool_height = 2;
    static constexpr int pool_width = 2;
    static constexpr int stride_height = 2;
    static constexpr int stride_width = 2;
    static constexpr int pad_top = 0;
    static constexpr int pad_left = 0;
    static constexpr int pe = 2;
};


// 1x1 convolution of 2 into 2 channels by hls4ml, Latency, reuse factor 1: cycles and FIFO depths are not proved.
typedef ap_ufixed<7,2> conv2_accum_t;
typedef ap_fixed<4,1> conv2_weight_t;
typedef ap_fixed<1,-4> conv2_bias_t;
struct config27_mult : nnet::dense_config {
    static const unsigned n_in = 2;
    static const unsigned n_out = 2;
    static const unsigned reuse_factor = 1;
    static const unsigned strategy = nnet::latency;
    static const unsigned n_zeros = 1;
    static const unsigned multiplier_limit = DIV_ROUNDUP(n_in * n_out, reuse_factor) - n_zeros / reuse_factor;
    typedef conv2_accum_t accum_t;
    typedef conv2_bias_t bias_t;
    typedef conv2_weight_t weight_t;
    template<class data_T, class res_T, class CONFIG_T>
    using kernel = nnet::DenseLatency<data_T, res_T, CONFIG_T>;
    template<class x_T, class y_T>
    using product = nnet::product::mult<x_T, y_T>;
};

struct config27 : nnet::conv2d_config {
    static const unsigned pad_top = 0;
    static const unsigned pad_bottom = 0;
    static const unsigned pad_left = 0;
    static const unsigned pad_right = 0;
    static const unsigned in_height = 3;
    static const unsigned in_width = 4;
    static const unsigned n_chan = 2;
    static const unsigned filt_height = 1;
    static const unsigned filt_width = 1;
    static const unsigned kernel_size = filt_height * filt_width;
    static const unsigned n_filt = 2;
    static const unsigned stride_height = 1;
    static const unsigned stride_width = 1;
    static const unsigned out_height = 3;
    static const unsigned out_width = 4;
    static const unsigned reuse_factor = 1;
    static const unsigned n_zeros = 1;
    static const unsigned multiplier_limit =
        DIV_ROUNDUP(kernel_size * n_chan * n_filt, reuse_factor) - n_zeros / reuse_factor;
    static const bool store_weights_in_bram = false;
    static const unsigned strategy = nnet::latency;
    static const nnet::conv_implementation implementation = nnet::conv_implementation::linebuffer;
    static const unsigned min_height = 3;
    static const unsigned min_width = 4;
    static const ap_uint<filt_height * filt_width> pixels[min_height * min_width];
    static const unsigned n_partitions = 12;
    static const unsigned n_pixels = out_height * out_width / n_partitions;
    template<class data_T, class CONFIG_T>
    using fill_buffer = nnet::FillConv2DBuffer<data_T, CONFIG_T>;
    typedef conv2_accum_t accum_t;
    typedef conv2_bias_t bias_t;
    typedef conv2_weight_t weight_t;
    typedef config27_mult mult_config;
    template<unsigned K, unsigned S, unsigned W>
    using scale_index_height = nnet::scale_index_regular<K, S, W>;
    template<unsigned K, unsigned S, unsigned W>
    using scale_index_width = nnet::scale_index_regular<K, S, W>;
};
const ap_uint<config27::filt_height * config27::filt_width> config27::pixels[] = {0};

// Not hls4ml's: this layer stays fcn_hw's.
// 4x4 transposed convolution of 2 into 2 channels by 2 x 2 multipliers: 196 cycles a frame.
struct up_config {
    static constexpr int in_height = 3;
    static constexpr int in_width = 4;
    static constexpr int n_chan = 2;
    static constexpr int out_height = 6;
    static constexpr int out_width = 8;
    static constexpr int n_filt = 2;
    static constexpr int kernel_height = 4;
    static constexpr int kernel_width = 4;
    static constexpr int stride_height = 2;
    static constexpr int stride_width = 2;
    static constexpr int crop_top = 1;
    static constexpr int crop_left = 1;
    static constexpr int pe = 2;
    static constexpr int simd = 2;
    static constexpr int taps = 1;
    static constexpr int lanes = 0;
    static constexpr int fold = 4;
    static constexpr int rom_depth = 16;
    static constexpr int product_shift = 0;
    static constexpr int bias_shift = 0;
    typedef fcn_hw::rom_t<4> weight_t;
    typedef fcn_hw::rom_t<1> bias_t;
    typedef ap_fixed<10, 5> accum_t;
};


// Sum of streams: 48 cycles a frame.
struct skip_config {
    static constexpr int height = 6;
    static constexpr int width = 8;
    typedef ap_fixed<7, 5> accum_t;
};


// Zeros around the frame: 20 cycles a frame.
struct padded_config {
    static constexpr int in_height = 3;
    static constexpr int in_width = 4;
    static constexpr int out_height = 4;
    static constexpr int out_width = 5;
    static constexpr int pad_top = 1;
    static constexpr int pad_left = 0;
};


// Rectangle of the frame: 20 cycles a frame.
struct cut_config {
    static constexpr int in_height = 4;
    static constexpr int in_width = 5;
    static constexpr int out_height = 3;
    static constexpr int out_width = 4;
    static constexpr int offset_top = 1;
    static constexpr int offset_left = 0;
};


// Rectifier: 12 cycles a frame.
struct positive_config {
    static constexpr int height = 3;
    static constexpr int width = 4;
};


// Not hls4ml's: this layer stays fcn_hw's.
// 3x3 depthwise convolution of 2 into 2 channels by 2 x 3 multipliers: 56 cycles a frame.
struct apart_config {
    static constexpr int in_height = 3;
    static constexpr int in_width = 4;
    static constexpr int n_chan = 2;
    static constexpr int out_height = 3;
    static constexpr int out_width = 4;
    static constexpr int n_filt = 2;
    static constexpr int kernel_height = 3;
    static constexpr int kernel_width = 3;
    static constexpr int stride_height = 1;
    static constexpr int stride_width = 1;
    static constexpr int dilation_height = 1;
    static constexpr int dilation_width = 1;
    static constexpr int pad_top = 1;
    static constexpr int pad_left = 1;
    static constexpr int pe = 2;
    static constexpr int simd = 1;
    static constexpr int taps = 3;
    static constexpr int lanes = 0;
    static constexpr int fold = 3;
    static constexpr int rom_depth = 3;
    static constexpr int product_shift = 1;
    static constexpr int bias_shift = 0;
    typedef fcn_hw::rom_t<4> weight_t;
    typedef fcn_hw::rom_t<8> bias_t;
    typedef ap_fixed<11, 5> accum_t;
};


// 3x3 average: 32 cycles a frame.
struct mean_config {
    static constexpr int in_height = 3;
    static constexpr int in_width = 4;
    static constexpr int out_height = 3;
    static constexpr int out_width = 4;
    static constexpr int pool_height = 3;
    static constexpr int pool_width = 3;
    static constexpr int stride_height = 1;
    static constexpr int stride_width = 1;
    static constexpr int pad_top = 1;
    static constexpr int pad_left = 1;
    static constexpr int pe = 2;
    static constexpr int multiple = 36;
    typedef ap_ufixed<10, 6> accum_t;
};


// Nearest upsampling by 2 x 2: 48 cycles a frame.
struct nearest_config {
    static constexpr int in_height = 3;
    static constexpr int in_width = 4;
    static constexpr int scale_height = 2;
    static constexpr int scale_width = 2;
};


// Bilinear upsampling by 2 x 2: 48 cycles a frame.
struct bilinear_config {
    static constexpr int in_height = 3;
    static constexpr int in_width = 4;
    static constexpr int scale_height = 2;
    static constexpr int scale_width = 2;
    static constexpr int pe = 2;
};


// Conversion of the format: 48 cycles a frame.
struct coarse_config {
    static constexpr int height = 6;
    static constexpr int width = 8;
};


// Scale and bias of 2 channels by 1 multipliers: 96 cycles a frame.
struct scaled_config {
    static constexpr int height = 6;
    static constexpr int width = 8;
    static constexpr int n_chan = 2;
    static constexpr int pe = 1;
    static constexpr int fold = 2;
    static constexpr int product_shift = 1;
    static constexpr int bias_shift = 0;
    typedef fcn_hw::rom_t<4> scale_t;
    typedef fcn_hw::rom_t<8> bias_t;
    typedef ap_fixed<10, 4> accum_t;
};


// Step functions of 2 channels, 3 thresholds each, by 1 rows of comparators: 96 cycles a frame.
struct counted_config {
    static constexpr int height = 6;
    static constexpr int width = 8;
    static constexpr int n_chan = 2;
    static constexpr int pe = 1;
    static constexpr int fold = 2;
    static constexpr int levels = 2;
    typedef fcn_hw::sum_t<3> total_t;
    typedef fcn_hw::rom_t<4> base_t;
    typedef fcn_hw::rom_t<4> step_t;
};


// Table of 4 codes: 48 cycles a frame.
struct looked_up_config {
    static constexpr int height = 6;
    static constexpr int width = 8;
    static constexpr int entries = 4;
    typedef fcn_hw::rom_t<4> table_t;
};


// Difference of two streams: 48 cycles a frame.
struct less_config {
    static constexpr int height = 6;
    static constexpr int width = 8;
    typedef ap_fixed<6, 3> accum_t;
};


// Maximum of streams: 48 cycles a frame.
struct most_config {
    static constexpr int height = 6;
    static constexpr int width = 8;
    typedef ap_fixed<11, 7> accum_t;
};


// Channels of streams behind one another: 48 cycles a frame.
struct both_config {
    static constexpr int height = 6;
    static constexpr int width = 8;
};


// Index of the largest channel: 48 cycles a frame.
struct class_map_config {
    static constexpr int height = 6;
    static constexpr int width = 8;
};


#include "weights/conv1.h"
#include "weights/conv2.h"
#include "weights/up.h"
#include "weights/apart.h"
#include "weights/scaled.h"
#include "weights/counted.h"
#include "weights/looked_up.h"

#endif
