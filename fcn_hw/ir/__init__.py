"""The graph: one meaning for the oracle, the emitted C++, the simulators and the estimates."""

from fcn_hw.ir.graph import Graph

__all__ = ["Graph"]
