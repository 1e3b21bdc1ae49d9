"""`signal` without its enumerations, whose making takes a hook as long as a mount does.

What it wraps is the same in every version; imported by hooks.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal

__all__ = ["signal"]
