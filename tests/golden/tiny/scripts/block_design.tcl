# Vivado project of tiny on pynq-z2: processing system, DMAs and the IP. Emitted by fcn_hw.
#   vivado -mode batch -source scripts/impl.tcl        sources this file, from the project's folder
set name "tiny"
set top "tiny_axi"
set part "xc7z020clg400-1"
set board_part "tul.com.tw:pynq-z2:part0"
set folder [file join [pwd] "vivado"]

# The newest version of an IP that this Vivado has.
proc newest_ip {ip} {
    set found [lsort -dictionary [get_ipdefs -quiet "xilinx.com:ip:${ip}:*"]]
    if {[llength $found] == 0} {
        error "this Vivado has no IP '$ip'"
    }
    return [lindex $found end]
}

proc add_ip {ip cell} {
    return [create_bd_cell -type ip -vlnv [newest_ip $ip] $cell]
}

proc connect_interface {from to} {
    connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to]
}

proc connect_pins {from args} {
    foreach to $args {
        connect_bd_net [get_bd_pins $from] [get_bd_pins $to]
    }
}

# Project -----------------------------------------------------------------------------------------
set ip_folder [file join [pwd] "tiny_axi_prj/solution1/impl/ip"]
if {![file isfile [file join $ip_folder component.xml]]} {
    error "$ip_folder holds no IP: run scripts/csynth.tcl and scripts/export.tcl first"
}
set boards [lsort -dictionary [get_board_parts -quiet "${board_part}:*"]]
if {[llength $boards] == 0} {
    error "this Vivado has no board files of $board_part: install them (Tools, Vivado Store, Boards)"
}
create_project -force -part $part $name $folder
set_property board_part [lindex $boards end] [current_project]
set_property ip_repo_paths [list $ip_folder] [current_project]
update_ip_catalog -rebuild
add_files -norecurse hdl/heartbeat.v
update_compile_order -fileset sources_1
add_files -fileset constrs_1 -norecurse "constraints/pynq-z2.xdc"

# Block design ------------------------------------------------------------------------------------
create_bd_design $name
# Zynq-7000: M_AXI_GP0 reaches the registers, S_AXI_HP0 the DRAM, FCLK_CLK0 is the clock.
set ps [add_ip processing_system7 ps]
apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
    -config {make_external "FIXED_IO, DDR" apply_board_preset "1" Master "Disable" Slave "Disable"} $ps
set_property -dict [list \
    CONFIG.PCW_USE_M_AXI_GP0 1 \
    CONFIG.PCW_USE_S_AXI_HP0 1 \
    CONFIG.PCW_S_AXI_HP0_DATA_WIDTH 64 \
    CONFIG.PCW_EN_CLK0_PORT 1 \
    CONFIG.PCW_EN_RST0_PORT 1 \
    CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ 100 \
] $ps
set clock ps/FCLK_CLK0
set reset ps/FCLK_RESET0_N
set master ps/M_AXI_GP0
set memory ps/S_AXI_HP0
set ps_clocks {ps/M_AXI_GP0_ACLK ps/S_AXI_HP0_ACLK}

add_ip proc_sys_reset resets
connect_pins $clock resets/slowest_sync_clk {*}$ps_clocks
connect_pins $reset resets/ext_reset_in
set resetn resets/peripheral_aresetn

# The interconnect of the registers, and that of the memory.
set_property -dict {CONFIG.NUM_SI 1 CONFIG.NUM_MI 2} [add_ip smartconnect registers]
set_property -dict {CONFIG.NUM_SI 2 CONFIG.NUM_MI 1} [add_ip smartconnect frames]
connect_interface $master registers/S00_AXI
connect_interface frames/M00_AXI $memory
connect_pins $clock registers/aclk frames/aclk
connect_pins $resetn registers/aresetn frames/aresetn

# The network.
create_bd_cell -type ip -vlnv fcn_hw:hls:tiny_axi:1.0 $top
connect_pins $clock $top/ap_clk
connect_pins $resetn $top/ap_rst_n
connect_interface registers/M01_AXI $top/s_axi_control

# axi_dma_0: feeds in_image, empties out_class_map
set_property -dict [list \
    CONFIG.c_include_sg 0 \
    CONFIG.c_sg_length_width 26 \
    CONFIG.c_addr_width 32 \
    CONFIG.c_include_mm2s 1 \
    CONFIG.c_include_s2mm 1 \
    CONFIG.c_m_axi_mm2s_data_width 64 \
    CONFIG.c_m_axis_mm2s_tdata_width 64 \
    CONFIG.c_mm2s_burst_size 16 \
    CONFIG.c_m_axi_s2mm_data_width 64 \
    CONFIG.c_s_axis_s2mm_tdata_width 64 \
    CONFIG.c_s2mm_burst_size 16 \
] [add_ip axi_dma axi_dma_0]
connect_interface registers/M00_AXI axi_dma_0/S_AXI_LITE
connect_pins $clock axi_dma_0/s_axi_lite_aclk
connect_pins $resetn axi_dma_0/axi_resetn
connect_interface axi_dma_0/M_AXI_MM2S frames/S00_AXI
connect_interface axi_dma_0/M_AXIS_MM2S $top/in_image
connect_pins $clock axi_dma_0/m_axi_mm2s_aclk
connect_interface axi_dma_0/M_AXI_S2MM frames/S01_AXI
connect_interface $top/out_class_map axi_dma_0/S_AXIS_S2MM
connect_pins $clock axi_dma_0/m_axi_s2mm_aclk

# A light that blinks as long as the clock runs; constraints/pynq-z2.xdc places it.
create_bd_cell -type module -reference heartbeat heartbeat_counter
set_property CONFIG.HALF_PERIOD_CYCLES 50000000 [get_bd_cells heartbeat_counter]
connect_pins $clock heartbeat_counter/clk
connect_pins $resetn heartbeat_counter/resetn
create_bd_port -dir O heartbeat
connect_bd_net [get_bd_pins heartbeat_counter/beat] [get_bd_ports heartbeat]

# Addresses: the registers where driver and C header look for them, the DRAM as Vivado has it.
proc assign_registers {segment offset} {
    set space [get_bd_addr_spaces ps/Data]
    set found [get_bd_addr_segs $segment]
    if {[llength $found] != 1} {
        error "no address segment '$segment' in the block design"
    }
    assign_bd_address -target_address_space $space -offset $offset -range 65536 $found
}
assign_registers axi_dma_0/S_AXI_LITE/Reg 0x40000000
assign_registers $top/s_axi_control/Reg 0x40010000
assign_bd_address

validate_bd_design
save_bd_design
set bd_file [get_files ${name}.bd]
generate_target all $bd_file
add_files -norecurse [make_wrapper -files $bd_file -top]
set_property top ${name}_wrapper [current_fileset]
update_compile_order -fileset sources_1
