// ROMs of looked_up: integer codes. Emitted by fcn_hw.
//   table    fixed<4,1>, [code of the input 4]
#ifndef LOOKED_UP_ROM_H_
#define LOOKED_UP_ROM_H_

#include "fcn_hw/types.h"

static const fcn_hw::rom_t<4> looked_up_table[4] = {
    -5, 0, 1, 7,
};

#endif
