"""Pure: the first round of messages, which monitord's driver reads from stdout as one document."""

from base64 import b64encode
from collections.abc import Iterable

from im_probes.wire import MessageType

FIRST_ROUND = (
    MessageType.SYSTEM_HOST,
    MessageType.MONITOR_HOST,
    MessageType.STATE_VM,
    MessageType.MONITOR_VM,
)
"""In the order in which OpenNebula's own client prints them; a beacon is not among them."""


def document(messages: Iterable[tuple[MessageType, str]], epoch: int) -> str:
    """`<MONITOR_MESSAGES>` on one line: the caller's shell collapses white space."""
    parts = (
        f"<{kind}>{b64encode(text.encode('utf-8', 'replace')).decode()}</{kind}>"
        for kind, text in messages
    )
    stamp = f"<TIMESTAMP>{epoch}</TIMESTAMP>"
    return f"<MONITOR_MESSAGES>{''.join(parts)}{stamp}</MONITOR_MESSAGES>"
