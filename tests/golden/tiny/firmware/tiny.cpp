// tiny: the network, a stream of pixels a port. Emitted by fcn_hw from graph ec15ae28f3d5; changes here are overwritten.
#include "tiny.h"
#include "fcn_hw/tap.h"
#include "parameters.h"

void tiny(
    hls::stream<image_t> &image,
    hls::stream<class_map_t> &class_map) {
    #pragma HLS DATAFLOW
    #pragma HLS BIND_STORAGE variable=conv1_weights type=rom_1p impl=bram
    #pragma HLS BIND_STORAGE variable=up_weights type=rom_1p impl=bram
    #pragma HLS BIND_STORAGE variable=apart_weights type=rom_1p impl=bram
    #pragma HLS BIND_STORAGE variable=scaled_scales type=rom_1p impl=lutram
    #pragma HLS ARRAY_PARTITION variable=counted_thresholds0 dim=2
    #pragma HLS BIND_STORAGE variable=counted_thresholds0 type=rom_1p impl=lutram
    #pragma HLS ARRAY_PARTITION variable=counted_thresholds1 dim=2
    #pragma HLS BIND_STORAGE variable=counted_thresholds1 type=rom_1p impl=lutram
    #pragma HLS BIND_STORAGE variable=looked_up_table type=rom_np impl=lutram

    hls::stream<conv1_t> conv1("conv1");
    #pragma HLS STREAM variable=conv1 depth=2
    #pragma HLS BIND_STORAGE variable=conv1 type=fifo impl=srl
    hls::stream<conv1_t> conv1_to_pool1("conv1_to_pool1");
    #pragma HLS STREAM variable=conv1_to_pool1 depth=48
    #pragma HLS BIND_STORAGE variable=conv1_to_pool1 type=fifo impl=srl
    hls::stream<conv1_t> conv1_to_skip("conv1_to_skip");
    #pragma HLS STREAM variable=conv1_to_skip depth=48
    #pragma HLS BIND_STORAGE variable=conv1_to_skip type=fifo impl=srl
    hls::stream<pool1_t> pool1("pool1");
    #pragma HLS STREAM variable=pool1 depth=2
    #pragma HLS BIND_STORAGE variable=pool1 type=fifo impl=srl
    hls::stream<conv2_t> conv2("conv2");
    #pragma HLS STREAM variable=conv2 depth=2
    #pragma HLS BIND_STORAGE variable=conv2 type=fifo impl=srl
    hls::stream<conv2_t> conv2_to_up("conv2_to_up");
    #pragma HLS STREAM variable=conv2_to_up depth=12
    #pragma HLS BIND_STORAGE variable=conv2_to_up type=fifo impl=srl
    hls::stream<conv2_t> conv2_to_padded("conv2_to_padded");
    #pragma HLS STREAM variable=conv2_to_padded depth=12
    #pragma HLS BIND_STORAGE variable=conv2_to_padded type=fifo impl=srl
    hls::stream<conv2_t> conv2_to_bilinear("conv2_to_bilinear");
    #pragma HLS STREAM variable=conv2_to_bilinear depth=12
    #pragma HLS BIND_STORAGE variable=conv2_to_bilinear type=fifo impl=srl
    hls::stream<up_t> up("up");
    #pragma HLS STREAM variable=up depth=2
    #pragma HLS BIND_STORAGE variable=up type=fifo impl=srl
    hls::stream<skip_t> skip("skip");
    #pragma HLS STREAM variable=skip depth=2
    #pragma HLS BIND_STORAGE variable=skip type=fifo impl=srl
    hls::stream<skip_t> skip_to_scaled("skip_to_scaled");
    #pragma HLS STREAM variable=skip_to_scaled depth=48
    #pragma HLS BIND_STORAGE variable=skip_to_scaled type=fifo impl=lutram
    hls::stream<skip_t> skip_to_both("skip_to_both");
    #pragma HLS STREAM variable=skip_to_both depth=48
    #pragma HLS BIND_STORAGE variable=skip_to_both type=fifo impl=lutram
    hls::stream<padded_t> padded("padded");
    #pragma HLS STREAM variable=padded depth=2
    #pragma HLS BIND_STORAGE variable=padded type=fifo impl=srl
    hls::stream<cut_t> cut("cut");
    #pragma HLS STREAM variable=cut depth=2
    #pragma HLS BIND_STORAGE variable=cut type=fifo impl=srl
    hls::stream<positive_t> positive("positive");
    #pragma HLS STREAM variable=positive depth=2
    #pragma HLS BIND_STORAGE variable=positive type=fifo impl=srl
    hls::stream<apart_t> apart("apart");
    #pragma HLS STREAM variable=apart depth=2
    #pragma HLS BIND_STORAGE variable=apart type=fifo impl=srl
    hls::stream<mean_t> mean("mean");
    #pragma HLS STREAM variable=mean depth=2
    #pragma HLS BIND_STORAGE variable=mean type=fifo impl=srl
    hls::stream<nearest_t> nearest("nearest");
    #pragma HLS STREAM variable=nearest depth=2
    #pragma HLS BIND_STORAGE variable=nearest type=fifo impl=srl
    hls::stream<bilinear_t> bilinear("bilinear");
    #pragma HLS STREAM variable=bilinear depth=2
    #pragma HLS BIND_STORAGE variable=bilinear type=fifo impl=srl
    hls::stream<coarse_t> coarse("coarse");
    #pragma HLS STREAM variable=coarse depth=2
    #pragma HLS BIND_STORAGE variable=coarse type=fifo impl=srl
    hls::stream<coarse_t> coarse_to_less("coarse_to_less");
    #pragma HLS STREAM variable=coarse_to_less depth=48
    #pragma HLS BIND_STORAGE variable=coarse_to_less type=fifo impl=srl
    hls::stream<coarse_t> coarse_to_both("coarse_to_both");
    #pragma HLS STREAM variable=coarse_to_both depth=48
    #pragma HLS BIND_STORAGE variable=coarse_to_both type=fifo impl=srl
    hls::stream<scaled_t> scaled("scaled");
    #pragma HLS STREAM variable=scaled depth=2
    #pragma HLS BIND_STORAGE variable=scaled type=fifo impl=srl
    hls::stream<counted_t> counted("counted");
    #pragma HLS STREAM variable=counted depth=2
    #pragma HLS BIND_STORAGE variable=counted type=fifo impl=srl
    hls::stream<looked_up_t> looked_up("looked_up");
    #pragma HLS STREAM variable=looked_up depth=2
    #pragma HLS BIND_STORAGE variable=looked_up type=fifo impl=srl
    hls::stream<less_t> less("less");
    #pragma HLS STREAM variable=less depth=2
    #pragma HLS BIND_STORAGE variable=less type=fifo impl=srl
    hls::stream<most_t> most("most");
    #pragma HLS STREAM variable=most depth=2
    #pragma HLS BIND_STORAGE variable=most type=fifo impl=srl
    hls::stream<both_t> both("both");
    #pragma HLS STREAM variable=both depth=2
    #pragma HLS BIND_STORAGE variable=both type=fifo impl=srl

    fcn_hw::conv2d<image_t, conv1_t, conv1_config>(image, conv1, conv1_weights, conv1_biases);
    FCN_HW_TAP(conv1)
    fcn_hw::fork<conv1_t, 48>(conv1, conv1_to_pool1, conv1_to_skip);
    fcn_hw::max_pool2d<conv1_t, pool1_t, pool1_config>(conv1_to_pool1, pool1);
    FCN_HW_TAP(pool1)
    fcn_hw::conv2d<pool1_t, conv2_t, conv2_config>(pool1, conv2, conv2_weights, conv2_biases);
    FCN_HW_TAP(conv2)
    fcn_hw::fork<conv2_t, 12>(conv2, conv2_to_up, conv2_to_padded, conv2_to_bilinear);
    fcn_hw::conv_transpose2d<conv2_t, up_t, up_config>(conv2_to_up, up, up_weights, up_biases);
    FCN_HW_TAP(up)
    fcn_hw::skip_add<up_t, conv1_t, skip_t, skip_config>(up, conv1_to_skip, skip);
    FCN_HW_TAP(skip)
    fcn_hw::fork<skip_t, 48>(skip, skip_to_scaled, skip_to_both);
    fcn_hw::zero_pad2d<conv2_t, padded_t, padded_config>(conv2_to_padded, padded);
    FCN_HW_TAP(padded)
    fcn_hw::crop2d<padded_t, cut_t, cut_config>(padded, cut);
    FCN_HW_TAP(cut)
    fcn_hw::relu<cut_t, positive_t, positive_config>(cut, positive);
    FCN_HW_TAP(positive)
    fcn_hw::depthwise_conv2d<positive_t, apart_t, apart_config>(positive, apart, apart_weights, apart_biases);
    FCN_HW_TAP(apart)
    fcn_hw::average_pool2d<apart_t, mean_t, mean_config>(apart, mean);
    FCN_HW_TAP(mean)
    fcn_hw::upsample_nearest<mean_t, nearest_t, nearest_config>(mean, nearest);
    FCN_HW_TAP(nearest)
    fcn_hw::upsample_bilinear<conv2_t, bilinear_t, bilinear_config>(conv2_to_bilinear, bilinear);
    FCN_HW_TAP(bilinear)
    fcn_hw::quantize<bilinear_t, coarse_t, coarse_config>(bilinear, coarse);
    FCN_HW_TAP(coarse)
    fcn_hw::fork<coarse_t, 48>(coarse, coarse_to_less, coarse_to_both);
    fcn_hw::batch_norm<skip_t, scaled_t, scaled_config>(skip_to_scaled, scaled, scaled_scales, scaled_biases);
    FCN_HW_TAP(scaled)
    fcn_hw::threshold<scaled_t, counted_t, counted_config>(scaled, counted, counted_bases, counted_steps, counted_thresholds0, counted_thresholds1);
    FCN_HW_TAP(counted)
    fcn_hw::lookup<counted_t, looked_up_t, looked_up_config>(counted, looked_up, looked_up_table);
    FCN_HW_TAP(looked_up)
    fcn_hw::skip_subtract<coarse_t, looked_up_t, less_t, less_config>(coarse_to_less, looked_up, less);
    FCN_HW_TAP(less)
    fcn_hw::skip_maximum<less_t, nearest_t, most_t, most_config>(less, nearest, most);
    FCN_HW_TAP(most)
    fcn_hw::skip_concat<skip_t, most_t, coarse_t, both_t, both_config>(skip_to_both, most, coarse_to_both, both);
    FCN_HW_TAP(both)
    fcn_hw::arg_max<both_t, class_map_t, class_map_config>(both, class_map);
}
