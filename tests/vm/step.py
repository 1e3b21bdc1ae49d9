"""What the user sees while it works: one line per step with its time and the machine's load."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

CACHED = 0.1
"""A step shorter than this found its work done, and is not worth a line."""


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print what was done and how long it took, or that it failed."""
    began = time.monotonic()
    if sys.stderr.isatty():
        print(f"        … {what}", end="\r", flush=True, file=sys.stderr)
    try:
        yield
    except BaseException:
        _line(began, f"{what}: FAILED")
        raise
    if time.monotonic() - began > CACHED:
        _line(began, what)


def _line(began: float, text: str) -> None:
    took = time.monotonic() - began
    load = os.getloadavg()[0]
    print(f"{took:7.1f} s  {text}  (load {load:.1f})   ", flush=True, file=sys.stderr)
