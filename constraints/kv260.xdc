# kv260
#
# The clock of the programmable logic is pl_clk0 of the processing system; the constraints of that
# IP create it, so no create_clock stands here.
#
# No heartbeat LED: its pin was not looked up for this board. A line like that of pynq-z2.xdc adds it.
