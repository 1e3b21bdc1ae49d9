"""A port of the loopback for a server that the test starts later."""

import contextlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def reserved() -> Iterator[int]:
    """Nobody listens there before that server does, who must set SO_REUSEADDR, as servers do.

    A port that was only found free may be another's by then. And whoever tries again and again
    whether it answers yet would, once in some thousand times, be given that very port as his own
    and talk to himself: the kernel connects a socket to itself.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])
