"""What hardware costs, in resources and in energy: formulas that know numbers and no op."""
