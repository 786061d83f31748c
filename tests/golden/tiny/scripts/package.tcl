# Packs the Verilog that fcn_hw's compiler made of tiny_axi as an IP for Vivado. Emitted by fcn_hw.
#   vivado -mode batch -source scripts/package.tcl     from the project's folder
# Reads rtl/verilog/*.v and leaves rtl/ip/component.xml.
set top "tiny_axi"
set folder [file join [pwd] "rtl/ip"]
set sources [lsort [glob -nocomplain -directory [file join [pwd] "rtl/verilog"] *.v]]
if {[file join [pwd] "rtl/verilog" ${top}.v] ni $sources} {
    error "rtl/verilog holds no ${top}.v: run fcn-hw bitstream, or fcn-hw csynth, with --compiler fcn_hw first"
}

# An interface of the IP: its ports are pairs of the name in the bus and the name in the Verilog.
proc add_bus {core name type mode ports} {
    set bus [ipx::add_bus_interface $name $core]
    set_property abstraction_type_vlnv xilinx.com:${type}_rtl:1.0 $bus
    set_property bus_type_vlnv xilinx.com:${type}:1.0 $bus
    set_property interface_mode $mode $bus
    foreach {logical physical} $ports {
        set_property physical_name $physical [ipx::add_port_map $logical $bus]
    }
    return $bus
}

# An interface whose ports are called NAME_LOGICAL, clocked by ap_clk.
proc add_axi {core name type mode logical_ports} {
    set ports {}
    foreach logical $logical_ports {
        lappend ports $logical ${name}_$logical
    }
    set bus [add_bus $core $name $type $mode $ports]
    ipx::associate_bus_interfaces -busif $name -clock ap_clk $core
    return $bus
}

create_project -force -part "xc7z020clg400-1" package [file join [pwd] "rtl/packing"]
add_files -norecurse $sources
set_property top $top [current_fileset]
update_compile_order -fileset sources_1
file delete -force $folder
ipx::package_project -root_dir $folder -vendor fcn_hw -library rtl -taxonomy /UserIP -import_files -force
set core [ipx::current_core]
set_property name $top $core
set_property version 1.0 $core
set_property display_name $top $core
set_property description "tiny, RTL by fcn_hw's compiler" $core

# Vivado has guessed interfaces by the names of ports; these are the ones that are meant.
ipx::remove_all_bus_interface $core
foreach map [ipx::get_memory_maps -quiet * -of_objects $core] {
    ipx::remove_memory_map [get_property name $map] $core
}
add_bus $core ap_clk signal:clock slave {CLK ap_clk}
set reset [add_bus $core ap_rst_n signal:reset slave {RST ap_rst_n}]
set_property value ACTIVE_LOW [ipx::add_bus_parameter POLARITY $reset]
ipx::associate_bus_interfaces -clock ap_clk -reset ap_rst_n $core
add_axi $core in_image interface:axis slave {TDATA TKEEP TSTRB TLAST TVALID TREADY}
add_axi $core out_class_map interface:axis master {TDATA TKEEP TSTRB TLAST TVALID TREADY}

# The registers, at the addresses of the driver.
set control [add_axi $core s_axi_control interface:aximm slave {
    AWADDR AWVALID AWREADY WDATA WSTRB WVALID WREADY BRESP BVALID BREADY
    ARADDR ARVALID ARREADY RDATA RRESP RVALID RREADY
}]
set_property value AXI4LITE [ipx::add_bus_parameter PROTOCOL $control]
set_property slave_memory_map_ref s_axi_control $control
set block [ipx::add_address_block Reg [ipx::add_memory_map s_axi_control $core]]
set_property range 256 $block
set_property width 32 $block
set_property usage register $block
foreach {name offset access description} {
    ctrl 0x00 read-write "Block protocol: bit 0 start, bit 7 start again after every frame."
    frames 0x20 read-only "Frames written since reset, modulo 2^32."
    design_id 0x30 read-only "First 32 bits of the graph's digest; 0 until the first frame has ended."
    errors_image 0x40 read-only "Frames since reset with a TLAST that was early (15..0), late or missing (31..16)."
} {
    set register [ipx::add_register $name $block]
    set_property address_offset $offset $register
    set_property size 32 $register
    set_property access $access $register
    set_property description $description $register
}

ipx::create_xgui_files $core
ipx::update_checksums $core
ipx::save_core $core
close_project
