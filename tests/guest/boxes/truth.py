"""What a figure should have been, beside what was told."""

from collections.abc import Callable

Record = Callable[[str, str, float, float], None]
"""The fixture record(what, unit, true, told): a row of the table of errors."""
