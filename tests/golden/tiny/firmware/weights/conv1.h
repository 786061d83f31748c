// ROMs of conv1: integer codes, one line a filter of a step. Emitted by fcn_hw.
//   weights  fixed<4,1>, [step 3][filter 2][tap x channel 3 x 1]
//   biases   fixed<8,2>, [filter group 1][filter 2]
#ifndef CONV1_ROM_H_
#define CONV1_ROM_H_

#include "fcn_hw/types.h"

static const fcn_hw::rom_t<4> conv1_weights[3][2][3] = {
    {
        {-1, 4, -8},
        {0, 7, -6},
    },
    {
        {5, -5, 5},
        {7, -4, -2},
    },
    {
        {-4, -4, 2},
        {5, -2, 0},
    },
};

static const fcn_hw::rom_t<8> conv1_biases[1][2] = {
    {-107, -121},
};

#endif
