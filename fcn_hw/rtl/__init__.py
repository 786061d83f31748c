"""Our own HLS compiler: emitted C++ to Verilog, and the Verilog in Verilator.

``front_end`` has clang and opt turn a process into LLVM IR, ``llvm`` reads it, ``passes`` names
what is then done to it, ``verilog`` and ``network`` write it, ``bench`` simulates it. It reads
sources, FIFO depths and the clock; it knows no op.
"""
