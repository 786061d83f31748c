// ROMs of conv1: integer codes, one line a filter of a step. Emitted by fcn_hw.
//   weights  fixed<4,1>, [step 9][filter 2][channel 1]
//   biases   fixed<8,2>, [filter group 1][filter 2]
#ifndef CONV1_ROM_H_
#define CONV1_ROM_H_

#include "fcn_hw/types.h"

static const fcn_hw::rom_t<4> conv1_weights[9][2][1] = {
    {
        {-1},
        {0},
    },
    {
        {4},
        {7},
    },
    {
        {-8},
        {-6},
    },
    {
        {5},
        {7},
    },
    {
        {-5},
        {-4},
    },
    {
        {5},
        {-2},
    },
    {
        {-4},
        {5},
    },
    {
        {-4},
        {-2},
    },
    {
        {2},
        {0},
    },
};

static const fcn_hw::rom_t<8> conv1_biases[1][2] = {
    {-107, -121},
};

#endif
