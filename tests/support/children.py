"""Child processes that end with the test, also with one that fails or takes too long."""

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def child(argv: Sequence[str | Path], **options: Any) -> Iterator[Any]:
    """`Popen(argv, **options)` for this block; what still runs after it is killed.

    Popen's own block waits for ever instead, and a child that is never waited for fails the test
    in which its object happens to be collected.
    """
    with subprocess.Popen(argv, **options) as started:
        try:
            yield started
        finally:
            started.kill()
