"""Emitted HLS projects against the documented rules of Vitis HLS, without Vitis HLS."""

from fcn_hw.lint.check import Report, lint_project
from fcn_hw.lint.findings import Finding, Place, Severity
from fcn_hw.lint.registry import Rule
from fcn_hw.lint.rules import all_rules

__all__ = ["Finding", "Place", "Report", "Rule", "Severity", "all_rules", "lint_project"]
