# pynq-z2
#
# The clock of the programmable logic is FCLK_CLK0 of the processing system; the constraints of that
# IP create it, so no create_clock stands here.

# Heartbeat: the block design has a port of this name, which a counter drives (hdl/heartbeat.v): LED LD0
# blinks once a second. In a design without the port the line does nothing.
set_property -quiet -dict {PACKAGE_PIN R14 IOSTANDARD LVCMOS33} [get_ports -quiet {heartbeat}]
