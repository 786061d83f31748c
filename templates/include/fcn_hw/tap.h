// FCN_HW_TAP(stream): copies what is in a stream to <stream>.bin, in a traced C simulation only.
//
// Simulation runs the processes of a dataflow region one after another, so after a call its output
// stream holds the whole frame. In synthesis, cosimulation and untraced runs a tap is nothing at all.
#ifndef FCN_HW_TAP_H_
#define FCN_HW_TAP_H_

#ifdef FCN_HW_TRACE
#include "fcn_hw/trace.h"
#define FCN_HW_TAP(stream) fcn_hw::trace(stream, #stream ".bin");
#else
#define FCN_HW_TAP(stream)
#endif

#endif
