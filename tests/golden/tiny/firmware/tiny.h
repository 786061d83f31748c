// tiny: the network, a stream of pixels a port. Emitted by fcn_hw from graph ec15ae28f3d5; changes here are overwritten.
#ifndef TINY_H_
#define TINY_H_

#include "defines.h"

// Reads one frame from each input and writes one frame to each output, one pixel a beat.
//   in   image: 6x8x1 ap_ufixed<8, 0>
//   out  class_map: 6x8x1 ap_ufixed<8, 8>
void tiny(
    hls::stream<image_t> &image,
    hls::stream<class_map_t> &class_map);

#endif
