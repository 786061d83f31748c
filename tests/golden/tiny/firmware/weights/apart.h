// ROMs of apart: integer codes, one line a filter of a step. Emitted by fcn_hw.
//   weights  fixed<4,1>, [step 9][filter 2][channel 1]
//   biases   fixed<8,2>, [filter group 1][filter 2]
#ifndef APART_ROM_H_
#define APART_ROM_H_

#include "fcn_hw/types.h"

static const fcn_hw::rom_t<4> apart_weights[9][2][1] = {
    {
        {-3},
        {5},
    },
    {
        {1},
        {0},
    },
    {
        {2},
        {0},
    },
    {
        {7},
        {4},
    },
    {
        {-8},
        {-6},
    },
    {
        {0},
        {5},
    },
    {
        {-7},
        {2},
    },
    {
        {4},
        {4},
    },
    {
        {5},
        {-5},
    },
};

static const fcn_hw::rom_t<8> apart_biases[1][2] = {
    {14, 77},
};

#endif
