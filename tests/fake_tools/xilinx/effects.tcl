# What the stubbed commands of tests/support/vendor_stubs.tcl leave when a fake tool runs a script.
set here [file dirname [file normalize [info script]]]
proc effect {name args} {
    puts [exec python3 [file join $::here effects.py] $name {*}$args 2>@1]
}
source [file join $here .. .. support vendor_stubs.tcl]
