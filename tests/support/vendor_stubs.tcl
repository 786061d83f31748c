# Stand-ins for the commands of Vitis HLS, Vivado HLS and Vivado, for tclsh.
#
#   tclsh vendor_stubs.tcl DIALECT CALL_LOG SCRIPT      DIALECT: vitis, vivado_hls, vivado
#
# Each call is checked (known options, number of words, files that must be there) and written to the
# call log. The commands keep as much state as a mistake can hide in: the open project, the cells of a
# block design with their pins, what is connected, the state of a run. An unknown command or variable
# is tclsh's own error. What a command would leave is left by `effect`, which a fake tool may define.
#
# Options and pins are those of UG1399 and UG902 (HLS), UG835 and UG994 (Vivado), UG585, UG1085 (PS),
# PG021 (DMA), PG247 (SmartConnect), PG164 (reset).
lassign $argv dialect call_log script
set log_channel [open $call_log a]

proc record {name words} {
    puts $::log_channel [concat $name [lmap word $words {string map [list [pwd]/ "" [pwd] .] $word}]]
    flush $::log_channel
}

# Defines a command: options with a value, options without, least and most other words.
proc command {name valued flags least most {body {}}} {
    proc $name args [string map [list @NAME@ $name @VALUED@ $valued @FLAGS@ $flags @LEAST@ $least @MOST@ $most @BODY@ $body] {
        record {@NAME@} $args
        set words {}
        array set option {}
        for {set i 0} {$i < [llength $args]} {incr i} {
            set word [lindex $args $i]
            if {$word in {@VALUED@}} {
                if {$i + 1 >= [llength $args]} { error "@NAME@: $word needs a value" }
                set option($word) [lindex $args [incr i]]
            } elseif {$word in {@FLAGS@}} {
                set option($word) 1
            } elseif {[string match {-[a-zA-Z]*} $word]} {
                error "@NAME@: unknown option $word"
            } else {
                lappend words $word
            }
        }
        if {[llength $words] < @LEAST@ || [llength $words] > @MOST@} {
            error "@NAME@: [llength $words] words, takes @LEAST@ to @MOST@: $words"
        }
        @BODY@
    }]
}

proc must_be_file {path} {
    if {![file isfile $path]} { error "no such file: $path" }
}

if {[info commands effect] eq ""} {
    proc effect {name args} {}
}

# HLS ----------------------------------------------------------------------------------------------
if {$dialect in {vitis vivado_hls}} {
    set hls(project) ""
    set hls(solution) ""
    set hls(top) ""
    proc in_solution {} {
        if {$::hls(solution) eq ""} { error "no solution is open" }
        return [file join $::hls(project) $::hls(solution)]
    }
    command open_project {} {-reset -upgrade} 1 1 {
        set ::hls(project) [lindex $words 0]
        if {[info exists option(-reset)]} {
            file delete -force [lindex $words 0]
            file mkdir [lindex $words 0]
        }
        if {![file isdirectory [lindex $words 0]]} { error "no project [lindex $words 0]" }
        if {![info exists option(-reset)]} {
            set channel [open [file join [lindex $words 0] hls.app] r]
            set ::hls(top) [string trim [read $channel]]
            close $channel
        }
    }
    command set_top {} {} 1 1 {
        set ::hls(top) [lindex $words 0]
        set channel [open [file join $::hls(project) hls.app] w]
        puts $channel $::hls(top)
        close $channel
    }
    command add_files {-cflags -csimflags} {-tb} 1 1 {
        foreach path [lindex $words 0] { must_be_file $path }
        foreach word $option(-cflags) {
            if {[string match -I* $word] && ![file isdirectory [string range $word 2 end]]} {
                error "no such folder: $word"
            }
        }
    }
    # -flow_target came with Vitis HLS
    command open_solution [expr {$dialect eq "vitis" ? "-flow_target" : ""}] {-reset} 1 1 {
        if {$::hls(project) eq ""} { error "no project is open" }
        set ::hls(solution) [lindex $words 0]
        if {[info exists option(-reset)]} {
            file delete -force [in_solution]
            file mkdir [in_solution]
        } elseif {![file isdirectory [in_solution]]} {
            error "no solution [in_solution]"
        }
    }
    command set_part {} {} 1 1 { in_solution }
    command create_clock {-period -name} {} 0 0 { in_solution; expr {double($option(-period))} }
    command csynth_design {} {} 0 0 {
        effect csynth_design [in_solution] $::hls(top)
    }
    command cosim_design {-argv -rtl -trace_level -tool} {-O -setup} 0 0 {
        if {![file isdirectory [file join [in_solution] syn]]} { error "C synthesis has not run" }
        effect cosim_design [in_solution] $::hls(top) {*}$option(-argv)
    }
    command export_design {-format -rtl -vendor -library -version -description -display_name} {} 0 0 {
        if {![file isdirectory [file join [in_solution] syn]]} { error "C synthesis has not run" }
        effect export_design [in_solution] $::hls(top)
    }
}

# Vivado -------------------------------------------------------------------------------------------
if {$dialect eq "vivado"} {
    array set cell {}        ;# cell -> IP
    array set config {}      ;# cell,property -> value
    array set connected {}   ;# pin -> 1
    array set assigned {}    ;# address segment -> offset
    set project(name) ""
    set project(open_run) ""
    set pending_cells {}

    proc value {name property default} {
        return [expr {[info exists ::config($name,CONFIG.$property)] ? $::config($name,CONFIG.$property) : $default}]
    }

    # Pins that have to be connected, and interfaces, of a cell as it is configured.
    proc pins_of {name} {
        switch -glob $::cell($name) {
            processing_system7 {
                set pins {FCLK_CLK0 FCLK_RESET0_N}
                if {[value $name PCW_USE_M_AXI_GP0 0]} { lappend pins M_AXI_GP0_ACLK }
                if {[value $name PCW_USE_S_AXI_HP0 0]} { lappend pins S_AXI_HP0_ACLK }
                return $pins
            }
            zynq_ultra_ps_e {
                set pins {pl_clk0 pl_resetn0}
                if {[value $name PSU__USE__M_AXI_GP0 0]} { lappend pins maxihpm0_fpd_aclk }
                if {[value $name PSU__USE__S_AXI_GP2 0]} { lappend pins saxihp0_fpd_aclk }
                return $pins
            }
            proc_sys_reset { return {slowest_sync_clk ext_reset_in peripheral_aresetn} }
            smartconnect { return {aclk aresetn} }
            axi_dma {
                set pins {s_axi_lite_aclk axi_resetn}
                if {[value $name c_include_mm2s 1]} { lappend pins m_axi_mm2s_aclk }
                if {[value $name c_include_s2mm 1]} { lappend pins m_axi_s2mm_aclk }
                return $pins
            }
            heartbeat { return {clk resetn beat} }
            default { return {ap_clk ap_rst_n} }
        }
    }
    proc interfaces_of {name} {
        switch -glob $::cell($name) {
            processing_system7 {
                set found {}
                if {[value $name PCW_USE_M_AXI_GP0 0]} { lappend found M_AXI_GP0 }
                if {[value $name PCW_USE_S_AXI_HP0 0]} { lappend found S_AXI_HP0 }
                return $found
            }
            zynq_ultra_ps_e {
                set found {}
                if {[value $name PSU__USE__M_AXI_GP0 0]} { lappend found M_AXI_HPM0_FPD }
                if {[value $name PSU__USE__M_AXI_GP1 1]} { lappend found M_AXI_HPM1_FPD }
                if {[value $name PSU__USE__S_AXI_GP2 0]} { lappend found S_AXI_HP0_FPD }
                return $found
            }
            smartconnect {
                set found {}
                for {set i 0} {$i < [value $name NUM_SI 1]} {incr i} { lappend found [format S%02d_AXI $i] }
                for {set i 0} {$i < [value $name NUM_MI 1]} {incr i} { lappend found [format M%02d_AXI $i] }
                return $found
            }
            axi_dma {
                set found {S_AXI_LITE}
                if {[value $name c_include_mm2s 1]} { lappend found M_AXI_MM2S M_AXIS_MM2S }
                if {[value $name c_include_s2mm 1]} { lappend found M_AXI_S2MM S_AXIS_S2MM }
                return $found
            }
            proc_sys_reset - heartbeat { return {} }
            default { return $::env(STUB_IP_INTERFACES) }
        }
    }
    proc check_end {kind end} {
        lassign [split $end /] name pin
        if {![info exists ::cell($name)]} { error "no cell '$name'" }
        if {$pin ni [${kind}_of $name]} { error "cell '$name' ($::cell($name)) has no $kind '$pin'" }
        return $end
    }
    proc remember {dictionary name} {
        foreach {property found} $dictionary {
            if {![string match CONFIG.* $property]} { error "'$property' is no CONFIG" }
            set ::config($name,$property) $found
        }
    }

    command get_ipdefs {} {-quiet} 1 1 {
        set name [lindex [split [lindex $words 0] :] 2]
        if {$name eq [expr {[info exists ::env(STUB_NO_IP)] ? $::env(STUB_NO_IP) : ""}]} { return {} }
        return [list xilinx.com:ip:$name:9.0 xilinx.com:ip:$name:10.0]
    }
    command get_board_parts {} {-quiet} 1 1 {
        if {[info exists ::env(STUB_NO_BOARDS)]} { return {} }
        return [list [string map {* 1.0} [lindex $words 0]] [string map {* 1.1} [lindex $words 0]]]
    }
    command create_project {-part} {-force} 2 2 {
        set ::project(name) [lindex $words 0]
        set ::project(folder) [lindex $words 1]
        set ::project(part) $option(-part)
        file mkdir [lindex $words 1]
        close [open [file join [lindex $words 1] [lindex $words 0].xpr] w]
    }
    command open_project {} {} 1 1 {
        must_be_file [lindex $words 0]
        set ::project(name) [file rootname [file tail [lindex $words 0]]]
        set ::project(folder) [file dirname [lindex $words 0]]
        set ::project(impl_1) 100%
    }
    command close_project {} {} 0 0 { set ::project(name) "" }
    command current_project {} {} 0 0 { return $::project(name) }
    command current_fileset {} {} 0 0 { return sources_1 }
    command update_ip_catalog {} {-rebuild} 0 0
    command update_compile_order {-fileset} {} 0 0
    command add_files {-fileset} {-norecurse} 1 1 {
        foreach path [lindex $words 0] { must_be_file $path }
        lappend ::project(files) {*}[lindex $words 0]
    }
    command create_bd_design {} {} 1 1 { set ::project(design) [lindex $words 0] }
    command create_bd_cell {-type -vlnv -reference} {} 1 1 {
        set name [lindex $words 0]
        if {[info exists ::cell($name)]} { error "cell '$name' is there already" }
        if {$option(-type) eq "ip"} {
            if {![regexp {^[^:]+:[^:]+:([^:]+):[0-9.]+$} $option(-vlnv) -> ip]} { error "'$option(-vlnv)' is no VLNV" }
            set ::cell($name) $ip
        } else {
            set ::cell($name) $option(-reference)
        }
        return $name
    }
    command get_bd_cells {} {} 1 1 {
        if {![info exists ::cell([lindex $words 0])]} { error "no cell '[lindex $words 0]'" }
        return [lindex $words 0]
    }
    command apply_bd_automation {-rule -config} {} 1 1 {
        if {$option(-rule) ne "xilinx.com:bd_rule:$::cell([lindex $words 0])"} { error "wrong rule $option(-rule)" }
    }
    command set_property {} {-quiet} 2 3 {
        set target [lindex $words end]
        if {[info exists ::cell($target)]} {
            remember [lrange $words 0 end-1] $target
        } elseif {[info exists ::packed($target)]} {
            set ::packed($target,[lindex $words 0]) [lindex $words 1]
        } elseif {$target eq "sources_1" && [lindex $words 0] eq "top"} {
            set ::project(top) [lindex $words 1]
        } elseif {$target ni [list $::project(name) sources_1]} {
            error "'$target' is no object"
        } elseif {[lindex $words 0] eq "ip_repo_paths"} {
            must_be_file [file join {*}[lindex $words 1] component.xml]
        }
    }
    # -dict takes a list
    rename set_property set_one_property
    proc set_property args {
        if {[lindex $args 0] eq "-dict"} {
            if {[llength $args] != 3} { error "set_property -dict takes a list and an object" }
            lassign $args - pairs target
            if {[llength $pairs] % 2} { error "set_property -dict: odd list" }
            record set_property [list -dict [list {*}$pairs] $target]
            remember $pairs $target
            return
        }
        set_one_property {*}$args
    }
    command get_bd_pins {} {} 1 1 { return [check_end pins [lindex $words 0]] }
    command get_bd_intf_pins {} {} 1 1 { return [check_end interfaces [lindex $words 0]] }
    command create_bd_port {-dir} {} 1 1 { set ::cell(/[lindex $words 0]) port }
    command get_bd_ports {} {} 1 1 {
        if {![info exists ::cell(/[lindex $words 0])]} { error "no port '[lindex $words 0]'" }
        return [lindex $words 0]
    }
    command connect_bd_net {} {} 2 2 { foreach end $words { set ::connected($end) 1 } }
    command connect_bd_intf_net {} {} 2 2 {
        foreach end $words {
            if {[info exists ::connected($end)]} { error "interface '$end' is connected twice" }
            set ::connected($end) 1
        }
    }
    command get_bd_addr_spaces {} {} 1 1 { return [lindex $words 0] }
    command get_bd_addr_segs {} {} 1 1 {
        lassign [split [lindex $words 0] /] name interface block
        check_end interfaces $name/$interface
        if {$block ne "Reg"} { return {} }
        return [lindex $words 0]
    }
    # -offset came with 2020.1
    set addresses {-target_address_space -offset -range}
    if {[info exists ::env(STUB_OLD_VIVADO)]} { set addresses {} }
    command assign_bd_address $addresses {} 0 1 {
        if {[llength $words]} { take_address $option(-offset) $option(-range) [lindex $words 0] }
    }
    command create_bd_addr_seg {-offset -range} {} 3 3 {
        take_address $option(-offset) $option(-range) [lindex $words 1]
    }
    proc take_address {offset range segment} {
        foreach {other place} [array get ::assigned] {
            if {$offset < $place + $range && $place < $offset + $range} { error "$segment overlaps $other" }
        }
        if {$offset % $range} { error "$segment is not aligned" }
        set ::assigned($segment) $offset
    }
    command validate_bd_design {} {} 0 0 {
        foreach name [lsort [array names ::cell]] {
            if {[string match /* $name]} {
                if {![info exists ::connected([string range $name 1 end])]} { error "port $name is open" }
                continue
            }
            foreach pin [concat [pins_of $name] [interfaces_of $name]] {
                if {![info exists ::connected($name/$pin)]} { error "$name/$pin is open" }
            }
            if {$::cell($name) eq "axi_dma" && ![info exists ::assigned($name/S_AXI_LITE/Reg)]} {
                error "$name has no address"
            }
        }
    }
    command save_bd_design {} {} 0 0 {
        set path [file join $::project(folder) $::project(design).bd]
        close [open $path w]
        effect save_bd_design $::project(folder) $::project(name) $::project(design)
    }
    command get_files {} {} 1 1 {
        must_be_file [file join $::project(folder) [lindex $words 0]]
        return [file join $::project(folder) [lindex $words 0]]
    }
    command generate_target {} {} 2 2 { must_be_file [lindex $words 1] }
    command make_wrapper {-files} {-top} 0 0 {
        set path [file rootname $option(-files)]_wrapper.v
        close [open $path w]
        return $path
    }
    command launch_runs {-jobs -to_step} {} 1 1 {
        set run [lindex $words 0]
        if {$run eq "impl_1" && (![info exists ::project(synth_1)] || $::project(synth_1) ne "100%")} {
            error "synth_1 has not run"
        }
        set ::project($run) [expr {[info exists ::env(STUB_RUN_FAILS)] && $::env(STUB_RUN_FAILS) eq $run ? "42%" : "100%"}]
        effect launch_runs $::project(folder) $::project(name) $run
    }
    command wait_on_run {} {} 1 1
    command get_runs {} {} 1 1 { return [lindex $words 0] }
    command get_property {} {} 2 2 {
        lassign $words property run
        if {$property eq "name"} { return [name_of $run] }
        set progress $::project($run)
        switch $property {
            PROGRESS { return $progress }
            STATUS { return [expr {$progress eq "100%" ? "Complete!" : "ERROR"}] }
            default { error "unknown property $property" }
        }
    }
    # IP packager: an object is KIND:NAME; ::packed(KIND:NAME,PROPERTY) is what it was given.
    namespace eval ipx {}
    array set packed {}
    proc pack {kind name} {
        if {[info exists ::packed($kind:$name)]} { error "$kind '$name' is there already" }
        set ::packed($kind:$name) 1
        return $kind:$name
    }
    proc name_of {object} {
        if {![info exists ::packed($object)]} { error "'$object' is no object of the IP" }
        return [string range $object [string first : $object]+1 end]
    }
    command ipx::package_project {-root_dir -vendor -library -taxonomy} {-import_files -force} 0 0 {
        set path [lsearch -inline $::project(files) */$::project(top).v]
        must_be_file $path
        set channel [open $path]
        set text [read $channel]
        close $channel
        set ::project(ip) $option(-root_dir)
        set ::project(ports) {}
        foreach {- way name} [regexp -all -inline {(input|output) wire (?:\[\d+:0\] )?(\w+)} $text] {
            dict set ::project(ports) $name $way
        }
        pack core ip
        pack map guessed
    }
    command ipx::current_core {} {} 0 0 { return core:[name_of core:ip] }
    command ipx::remove_all_bus_interface {} {} 1 1 { name_of [lindex $words 0] }
    command ipx::get_memory_maps {-of_objects} {-quiet} 1 1 { return map:guessed }
    command ipx::remove_memory_map {} {} 2 2 { unset ::packed(map:[lindex $words 0]) }
    foreach {ipx_command kind} {add_bus_interface bus add_memory_map map add_address_block block add_register register} {
        command ipx::$ipx_command {} {} 2 2 "name_of \[lindex \$words 1\]; pack $kind \[lindex \$words 0\]"
    }
    foreach {ipx_command kind} {add_port_map port add_bus_parameter parameter} {
        command ipx::$ipx_command {} {} 2 2 "pack $kind \[name_of \[lindex \$words 1\]\]/\[lindex \$words 0\]"
    }
    command ipx::associate_bus_interfaces {-busif -clock -reset} {} 1 1 {
        foreach {- bus} [array get option] { name_of bus:$bus }
        if {[info exists option(-busif)]} { set ::packed(bus:$option(-busif),clock) $option(-clock) }
    }
    command ipx::create_xgui_files {} {} 1 1
    command ipx::update_checksums {} {} 1 1
    # Every port of the Verilog is in one interface, its direction that of the interface's mode.
    command ipx::save_core {} {} 1 1 {
        set open $::project(ports)
        foreach {object physical} [array get ::packed port:*,physical_name] {
            if {![dict exists $open $physical]} { error "the Verilog has no port '$physical' that is free" }
            set way [dict get $open $physical]
            dict unset open $physical
            lassign [split [string range $object 5 end-14] /] bus logical
            set mode $::packed(bus:$bus,interface_mode)
            set type $::packed(bus:$bus,bus_type_vlnv)
            set axi [string match *:interface:* $type]
            if {$axi && ![info exists ::packed(bus:$bus,clock)]} { error "interface '$bus' has no clock" }
            set against [expr {$logical eq "TREADY" || [regexp {^([BR](VALID|RESP|DATA)|(AW|W|AR)READY)$} $logical]}]
            if {$way ne [expr {($mode eq "slave") != $against ? "input" : "output"}]} {
                error "port '$physical' is an $way, which $logical of a $mode is not"
            }
        }
        if {[dict size $open]} { error "no interface has the ports [dict keys $open]" }
        if {[info exists ::packed(map:guessed)]} { error "a memory map that was guessed is left" }
        effect save_core $::project(ip) $::packed(core:ip,name)
    }
    command open_run {} {} 1 1 {
        if {$::project([lindex $words 0]) ne "100%"} { error "[lindex $words 0] has not run" }
        set ::project(open_run) [lindex $words 0]
    }
    command report_utilization {-file} {} 0 0 { effect report_utilization $option(-file) }
    command report_timing_summary {-file -max_paths} {} 0 0 { effect report_timing_summary $option(-file) }
    command write_bitstream {} {-force} 1 1 {
        if {$::project(open_run) ne "impl_1"} { error "no routed design is open" }
        effect write_bitstream [lindex $words 0]
    }
}

set argv {}
set argv0 $script
info script $script
source $script
