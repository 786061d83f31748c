// ROMs of scaled: integer codes. Emitted by fcn_hw.
//   scales   fixed<4,1>, [channel group 2][channel 1]
//   biases   fixed<8,2>, [channel group 2][channel 1]
#ifndef SCALED_ROM_H_
#define SCALED_ROM_H_

#include "fcn_hw/types.h"

static const fcn_hw::rom_t<4> scaled_scales[2][1] = {
    {3},
    {-5},
};

static const fcn_hw::rom_t<8> scaled_biases[2][1] = {
    {90},
    {-7},
};

#endif
