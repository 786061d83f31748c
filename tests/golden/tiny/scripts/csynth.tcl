# C synthesis of tiny_axi. Emitted by fcn_hw.
#   vitis_hls -f scripts/csynth.tcl, since 2024.2 vitis-run --mode hls --tcl scripts/csynth.tcl
# Leaves tiny_axi_prj/solution1/syn/report/tiny_axi_csynth.xml and .rpt.
source [file join [file dirname [info script]] project.tcl]
new_solution
or_exit csynth_design
exit 0
