"""Which metrics there are: one file each, listed in the tables at the end.

To add one: write `collector/metrics/NAME.py` with its `Metric` definitions and a `GROUP`, and add
the line to CONTAINER or HOST below. docs/metrics.md is generated from these tables.
"""
