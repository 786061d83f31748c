// ROMs of apart: integer codes, one line a filter of a step. Emitted by fcn_hw.
//   weights  fixed<4,1>, [step 3][filter 2][tap x channel 3 x 1]
//   biases   fixed<8,2>, [filter group 1][filter 2]
#ifndef APART_ROM_H_
#define APART_ROM_H_

#include "fcn_hw/types.h"

static const fcn_hw::rom_t<4> apart_weights[3][2][3] = {
    {
        {-3, 1, 2},
        {5, 0, 0},
    },
    {
        {7, -8, 0},
        {4, -6, 5},
    },
    {
        {-7, 4, 5},
        {2, 4, -5},
    },
};

static const fcn_hw::rom_t<8> apart_biases[1][2] = {
    {14, 77},
};

#endif
