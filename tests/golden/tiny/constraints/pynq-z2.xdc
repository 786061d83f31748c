# pynq-z2
#
# The clock of the programmable logic is FCLK_CLK0 of the processing system; the constraints of that
# IP create it, so no create_clock stands here.

# Heartbeat: a top level with a port of this name blinks LED LD0; without one the line does nothing.
set_property -quiet -dict {PACKAGE_PIN R14 IOSTANDARD LVCMOS33} [get_ports -quiet {heartbeat}]
