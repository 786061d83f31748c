# Packs the RTL of tiny_axi as an IP for Vivado, after csynth.tcl. Emitted by fcn_hw.
#   vitis_hls -f scripts/export.tcl, since 2024.2 vitis-run --mode hls --tcl scripts/export.tcl
# Leaves tiny_axi_prj/solution1/impl/ip/component.xml.
source [file join [file dirname [info script]] project.tcl]
last_solution
or_exit export_design -format ip_catalog -rtl verilog -vendor fcn_hw -library hls -version 1.0
exit 0
