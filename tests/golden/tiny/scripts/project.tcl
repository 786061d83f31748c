# HLS project of tiny_axi for pynq-z2: files, part, clock. Emitted by fcn_hw.
# csynth.tcl, cosim.tcl and export.tcl source it; they run in the folder above this file's.
set top "tiny_axi"
set part "xc7z020clg400-1"
set clock_period_ns 10.0

# Runs a command of the tool; the tool would go on, or wait for input, after one that failed.
proc or_exit {args} {
    if {[catch {uplevel 1 $args} message]} {
        puts "ERROR: $args: $message"
        exit 1
    }
}

proc new_solution {} {
    global top part clock_period_ns
    or_exit open_project -reset tiny_axi_prj
    or_exit set_top $top
    or_exit add_files firmware/tiny.cpp -cflags "-std=c++14 -Ifirmware"
    or_exit add_files firmware/tiny_axi.cpp -cflags "-std=c++14 -Ifirmware"
    or_exit add_files -tb tb/cosim_main.cpp -cflags "-std=c++14 -Ifirmware"
    or_exit open_solution -reset -flow_target vivado solution1
    or_exit set_part $part
    or_exit create_clock -period $clock_period_ns -name default
}

proc last_solution {} {
    or_exit open_project tiny_axi_prj
    or_exit open_solution solution1
}
