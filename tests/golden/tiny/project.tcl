# Vitis HLS project of tiny for pynq-z2. Emitted by fcn_hw.
#   vitis_hls -f project.tcl
set top "tiny_axi"
set network "tiny"
set part "xc7z020clg400-1"
set clock_period_ns 10.0

open_project -reset ${top}_prj
set_top $top
add_files [list firmware/${top}.cpp firmware/${network}.cpp] -cflags "-std=c++14 -Ifirmware"
open_solution -reset -flow_target vivado solution1
set_part $part
create_clock -period $clock_period_ns -name default
csynth_design
export_design -format ip_catalog
exit
