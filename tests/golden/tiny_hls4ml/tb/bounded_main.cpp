// Bounded simulation of tiny: its processes side by side, on FIFOs of their real depths.
// Emitted by fcn_hw.
//
//   bounded FRAMES IMAGE_FILE [FIFO=DEPTH ...]
//
// The calls, streams and depths are those of the top function; an argument changes a depth without a
// compilation. Files are as in csim_main.cpp; the report is bounded.json in the working directory.
// Exit status: 0 all frames ran and every FIFO is empty, 1 the processes wait for one another or read
// or write too much, or a file is missing or short, 2 wrong arguments.
#include "tiny.h"
#include "fcn_hw/trace.h"
#include "parameters.h"

int main(int sim_argc, char **sim_argv) {
    if (sim_argc < 3 || std::atol(sim_argv[1]) < 1) {
        std::fprintf(stderr, "usage: %s FRAMES IMAGE_FILE [FIFO=DEPTH ...]\n", sim_argv[0]);
        return 2;
    }
    fcn_hw::sim::network sim_network("tiny", std::atol(sim_argv[1]));
    fcn_hw::frame_reader<image_t> image_file(sim_argv[2]);
    fcn_hw::frame_writer<class_map_t> class_map_file("class_map.bin");

    hls::stream<image_t> image("image");
    sim_network.add_fifo(image, 2);
    hls::stream<class_map_t> class_map("class_map");
    sim_network.add_fifo(class_map, 2);
    hls::stream<conv1_padding_t> conv1_padding("conv1_padding");
    sim_network.add_fifo(conv1_padding, 2);
    hls::stream<conv1_t> conv1("conv1");
    sim_network.add_fifo(conv1, 2);
    hls::stream<conv1_t> conv1_to_pool1("conv1_to_pool1");
    sim_network.add_fifo(conv1_to_pool1, 48);
    hls::stream<conv1_t> conv1_to_skip("conv1_to_skip");
    sim_network.add_fifo(conv1_to_skip, 48);
    hls::stream<pool1_t> pool1("pool1");
    sim_network.add_fifo(pool1, 2);
    hls::stream<conv2_t> conv2("conv2");
    sim_network.add_fifo(conv2, 2);
    hls::stream<conv2_t> conv2_to_up("conv2_to_up");
    sim_network.add_fifo(conv2_to_up, 12);
    hls::stream<conv2_t> conv2_to_padded("conv2_to_padded");
    sim_network.add_fifo(conv2_to_padded, 12);
    hls::stream<conv2_t> conv2_to_bilinear("conv2_to_bilinear");
    sim_network.add_fifo(conv2_to_bilinear, 12);
    hls::stream<up_t> up("up");
    sim_network.add_fifo(up, 2);
    hls::stream<skip_t> skip("skip");
    sim_network.add_fifo(skip, 2);
    hls::stream<skip_t> skip_to_scaled("skip_to_scaled");
    sim_network.add_fifo(skip_to_scaled, 48);
    hls::stream<skip_t> skip_to_both("skip_to_both");
    sim_network.add_fifo(skip_to_both, 48);
    hls::stream<padded_t> padded("padded");
    sim_network.add_fifo(padded, 2);
    hls::stream<cut_t> cut("cut");
    sim_network.add_fifo(cut, 2);
    hls::stream<positive_t> positive("positive");
    sim_network.add_fifo(positive, 2);
    hls::stream<apart_t> apart("apart");
    sim_network.add_fifo(apart, 2);
    hls::stream<mean_t> mean("mean");
    sim_network.add_fifo(mean, 2);
    hls::stream<nearest_t> nearest("nearest");
    sim_network.add_fifo(nearest, 2);
    hls::stream<bilinear_t> bilinear("bilinear");
    sim_network.add_fifo(bilinear, 2);
    hls::stream<coarse_t> coarse("coarse");
    sim_network.add_fifo(coarse, 2);
    hls::stream<coarse_t> coarse_to_less("coarse_to_less");
    sim_network.add_fifo(coarse_to_less, 48);
    hls::stream<coarse_t> coarse_to_both("coarse_to_both");
    sim_network.add_fifo(coarse_to_both, 48);
    hls::stream<scaled_t> scaled("scaled");
    sim_network.add_fifo(scaled, 2);
    hls::stream<counted_t> counted("counted");
    sim_network.add_fifo(counted, 2);
    hls::stream<looked_up_t> looked_up("looked_up");
    sim_network.add_fifo(looked_up, 2);
    hls::stream<less_t> less("less");
    sim_network.add_fifo(less, 2);
    hls::stream<most_t> most("most");
    sim_network.add_fifo(most, 2);
    hls::stream<both_t> both("both");
    sim_network.add_fifo(both, 2);
    for (int sim_arg = 3; sim_arg < sim_argc; ++sim_arg) {
        if (!sim_network.set_depth(sim_argv[sim_arg])) {
            std::fprintf(stderr, "%s is not the name of a FIFO = a depth of 1 or more\n", sim_argv[sim_arg]);
            return 2;
        }
    }

    sim_network.add_process("source_of_image", {}, {&image}, [&] {
        if (!image_file.read(image, 48)) {
            fcn_hw::sim::give_up("the file of image ends before its last frame");
        }
    });
    sim_network.add_process("conv1_padding", {&image}, {&conv1_padding}, [&] {
        nnet::zeropad2d_cl<image_t, conv1_padding_t, config2>(image, conv1_padding);
    });
    sim_network.add_process("conv1", {&conv1_padding}, {&conv1}, [&] {
        nnet::conv_2d_cl<conv1_padding_t, conv1_t, config3>(conv1_padding, conv1, conv1_weights, conv1_biases);
    });
    sim_network.add_process("conv1_fork1", {&conv1}, {&conv1_to_pool1, &conv1_to_skip}, [&] {
        fcn_hw::fork<conv1_t, 48>(conv1, conv1_to_pool1, conv1_to_skip);
    });
    sim_network.add_process("pool1", {&conv1_to_pool1}, {&pool1}, [&] {
        fcn_hw::max_pool2d<conv1_t, pool1_t, pool1_config>(conv1_to_pool1, pool1);
    });
    sim_network.add_process("conv2", {&pool1}, {&conv2}, [&] {
        nnet::pointwise_conv_2d_cl<pool1_t, conv2_t, config27>(pool1, conv2, conv2_weights, conv2_biases);
    });
    sim_network.add_process("conv2_fork1", {&conv2}, {&conv2_to_up, &conv2_to_padded, &conv2_to_bilinear}, [&] {
        fcn_hw::fork<conv2_t, 12>(conv2, conv2_to_up, conv2_to_padded, conv2_to_bilinear);
    });
    sim_network.add_process("up", {&conv2_to_up}, {&up}, [&] {
        fcn_hw::conv_transpose2d<conv2_t, up_t, up_config>(conv2_to_up, up, up_weights, up_biases);
    });
    sim_network.add_process("skip", {&up, &conv1_to_skip}, {&skip}, [&] {
        fcn_hw::skip_add<up_t, conv1_t, skip_t, skip_config>(up, conv1_to_skip, skip);
    });
    sim_network.add_process("skip_fork1", {&skip}, {&skip_to_scaled, &skip_to_both}, [&] {
        fcn_hw::fork<skip_t, 48>(skip, skip_to_scaled, skip_to_both);
    });
    sim_network.add_process("padded", {&conv2_to_padded}, {&padded}, [&] {
        fcn_hw::zero_pad2d<conv2_t, padded_t, padded_config>(conv2_to_padded, padded);
    });
    sim_network.add_process("cut", {&padded}, {&cut}, [&] {
        fcn_hw::crop2d<padded_t, cut_t, cut_config>(padded, cut);
    });
    sim_network.add_process("positive", {&cut}, {&positive}, [&] {
        fcn_hw::relu<cut_t, positive_t, positive_config>(cut, positive);
    });
    sim_network.add_process("apart", {&positive}, {&apart}, [&] {
        fcn_hw::depthwise_conv2d<positive_t, apart_t, apart_config>(positive, apart, apart_weights, apart_biases);
    });
    sim_network.add_process("mean", {&apart}, {&mean}, [&] {
        fcn_hw::average_pool2d<apart_t, mean_t, mean_config>(apart, mean);
    });
    sim_network.add_process("nearest", {&mean}, {&nearest}, [&] {
        fcn_hw::upsample_nearest<mean_t, nearest_t, nearest_config>(mean, nearest);
    });
    sim_network.add_process("bilinear", {&conv2_to_bilinear}, {&bilinear}, [&] {
        fcn_hw::upsample_bilinear<conv2_t, bilinear_t, bilinear_config>(conv2_to_bilinear, bilinear);
    });
    sim_network.add_process("coarse", {&bilinear}, {&coarse}, [&] {
        fcn_hw::quantize<bilinear_t, coarse_t, coarse_config>(bilinear, coarse);
    });
    sim_network.add_process("coarse_fork1", {&coarse}, {&coarse_to_less, &coarse_to_both}, [&] {
        fcn_hw::fork<coarse_t, 48>(coarse, coarse_to_less, coarse_to_both);
    });
    sim_network.add_process("scaled", {&skip_to_scaled}, {&scaled}, [&] {
        fcn_hw::batch_norm<skip_t, scaled_t, scaled_config>(skip_to_scaled, scaled, scaled_scales, scaled_biases);
    });
    sim_network.add_process("counted", {&scaled}, {&counted}, [&] {
        fcn_hw::threshold<scaled_t, counted_t, counted_config>(scaled, counted, counted_bases, counted_steps, counted_thresholds0, counted_thresholds1);
    });
    sim_network.add_process("looked_up", {&counted}, {&looked_up}, [&] {
        fcn_hw::lookup<counted_t, looked_up_t, looked_up_config>(counted, looked_up, looked_up_table);
    });
    sim_network.add_process("less", {&coarse_to_less, &looked_up}, {&less}, [&] {
        fcn_hw::skip_subtract<coarse_t, looked_up_t, less_t, less_config>(coarse_to_less, looked_up, less);
    });
    sim_network.add_process("most", {&less, &nearest}, {&most}, [&] {
        fcn_hw::skip_maximum<less_t, nearest_t, most_t, most_config>(less, nearest, most);
    });
    sim_network.add_process("both", {&skip_to_both, &most, &coarse_to_both}, {&both}, [&] {
        fcn_hw::skip_concat<skip_t, most_t, coarse_t, both_t, both_config>(skip_to_both, most, coarse_to_both, both);
    });
    sim_network.add_process("class_map", {&both}, {&class_map}, [&] {
        fcn_hw::arg_max<both_t, class_map_t, class_map_config>(both, class_map);
    });
    sim_network.add_process("sink_of_class_map", {&class_map}, {}, [&] {
        class_map_file.write(class_map, 48);
        sim_network.count_frame();
    });
    return sim_network.run("bounded.json");
}
