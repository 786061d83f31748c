# RTL cosimulation of tiny_axi, after csynth.tcl. Emitted by fcn_hw.
#   vitis_hls -f scripts/cosim.tcl, since 2024.2 vitis-run --mode hls --tcl scripts/cosim.tcl
# The test bench sends every frame of cosim/<port>.in.bin. It runs twice: run 0 is the C++, run 1
# gets what the RTL wrote; each leaves cosim/rtl/<port>.<run>.bin.
source [file join [file dirname [info script]] project.tcl]
last_solution
set frames [file join [pwd] cosim]
or_exit cosim_design -O -rtl verilog -trace_level none -argv "$frames $frames/rtl"
exit 0
