# Bitstream of tiny on pynq-z2, from the routed design. Emitted by fcn_hw.
#   vivado -mode batch -source scripts/bitstream.tcl   from the project's folder, after impl.tcl
# Leaves bitstream/tiny.bit and .hwh: PYNQ looks for the second beside the first.
set name "tiny"
set folder [file join [pwd] "vivado"]
set target [file join "bitstream" $name]

open_project [file join $folder ${name}.xpr]
open_run impl_1
file mkdir [file dirname $target]
write_bitstream -force ${target}.bit
file copy -force [file join $folder ${name}.gen sources_1 bd $name hw_handoff ${name}.hwh] ${target}.hwh
close_project
