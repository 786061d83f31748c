# Synthesis, placement and routing of tiny on pynq-z2. Emitted by fcn_hw.
#   vivado -mode batch -source scripts/impl.tcl        from the project's folder
# Leaves vivado/reports/utilization.rpt and vivado/reports/timing_summary.rpt.

# Runs to its end, or shows the errors of all runs and gives up.
proc finish_run {run folder} {
    launch_runs $run -jobs 4
    wait_on_run $run
    if {[get_property PROGRESS [get_runs $run]] eq "100%"} {
        return
    }
    foreach log [lsort [glob -nocomplain -directory $folder *.runs/*/runme.log]] {
        set channel [open $log r]
        foreach line [split [read $channel] "\n"] {
            if {[string match "ERROR*" $line]} {
                puts $line
            }
        }
        close $channel
    }
    error "run $run: [get_property STATUS [get_runs $run]]"
}

source [file join [file dirname [info script]] block_design.tcl]
finish_run synth_1 $folder
finish_run impl_1 $folder
open_run impl_1
file mkdir [file dirname "vivado/reports/utilization.rpt"]
report_utilization -file "vivado/reports/utilization.rpt"
report_timing_summary -max_paths 10 -file "vivado/reports/timing_summary.rpt"
close_project
