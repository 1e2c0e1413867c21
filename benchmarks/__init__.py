"""What is measured, as programs. Ratios within one run count; absolute times are the machine's."""
