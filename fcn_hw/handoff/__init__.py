"""The hand-off bundle: what an FPGA engineer receives, made and verified.

A bundle is one archive that needs nothing of the machine it was made on. It is made from a proved
project (:mod:`fcn_hw.handoff.contents`) and verified as untrusted input
(:mod:`fcn_hw.handoff.verify`).
"""
