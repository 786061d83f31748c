// ROMs of conv2: integer codes, one line a filter of a step. Emitted by fcn_hw.
//   weights  fixed<4,1>, [step 1][filter 2][channel 2]
//   biases   none, [filter group 1][filter 2]
#ifndef CONV2_ROM_H_
#define CONV2_ROM_H_

#include "fcn_hw/types.h"

static const fcn_hw::rom_t<4> conv2_weights[1][2][2] = {
    {
        {5, 5},
        {4, 0},
    },
};

static const fcn_hw::rom_t<1> conv2_biases[1][2] = {
    {0, 0},
};

#endif
