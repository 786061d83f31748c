// ROMs of counted: integer codes. Emitted by fcn_hw.
//   bases    fixed<4,4>, [channel group 2][channel 1]
//   steps    fixed<4,4>, [channel group 2][channel 1]
//   level 0  fixed<10,4>, [channel group 2][channel 1][entry 1]
//   level 1  fixed<10,4>, [channel group 2][channel 1][entry 2]
#ifndef COUNTED_ROM_H_
#define COUNTED_ROM_H_

#include "fcn_hw/types.h"

static const fcn_hw::rom_t<4> counted_bases[2][1] = {
    {0},
    {3},
};

static const fcn_hw::rom_t<4> counted_steps[2][1] = {
    {1},
    {-1},
};

static const fcn_hw::rom_t<10> counted_thresholds0[2][1][1] = {
    {
        {0},
    },
    {
        {64},
    },
};

static const fcn_hw::rom_t<10> counted_thresholds1[2][1][2] = {
    {
        {-300, 400},
    },
    {
        {-64, 300},
    },
};

#endif
