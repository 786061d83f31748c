// ROMs of up: integer codes, one line a filter of a step. Emitted by fcn_hw.
//   weights  fixed<4,1>, [step 16][filter 2][channel 2]
//   biases   none, [filter group 1][filter 2]
#ifndef UP_ROM_H_
#define UP_ROM_H_

#include "fcn_hw/types.h"

static const fcn_hw::rom_t<4> up_weights[16][2][2] = {
    {
        {-2, -1},
        {1, 4},
    },
    {
        {3, -3},
        {-6, 7},
    },
    {
        {7, -2},
        {-6, -2},
    },
    {
        {5, -1},
        {-3, 4},
    },
    {
        {-3, 4},
        {1, 6},
    },
    {
        {-2, -4},
        {0, -7},
    },
    {
        {6, 0},
        {-5, -4},
    },
    {
        {-7, -7},
        {-4, -1},
    },
    {
        {-1, 4},
        {2, 5},
    },
    {
        {-2, 3},
        {-8, 0},
    },
    {
        {3, -7},
        {7, 3},
    },
    {
        {-8, -8},
        {4, -4},
    },
    {
        {-5, 4},
        {1, -4},
    },
    {
        {5, -3},
        {-1, -8},
    },
    {
        {-4, 6},
        {0, -4},
    },
    {
        {-1, -7},
        {-1, 7},
    },
};

static const fcn_hw::rom_t<1> up_biases[1][2] = {
    {0, 0},
};

#endif
