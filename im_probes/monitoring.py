"""monitord's configuration as the client needs it: whom to tell, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from im_probes.configuration import (
    MonitoringError,
    Texts,
    datastores_in,
    require_driver,
    text,
    texts,
)
from im_probes.wire import MessageType

AUTO = "auto"
"""The MONITOR_ADDRESS that stands for whoever connected by ssh."""
EXEC_S = 5
"""Where the front-end has no period for EXEC_VM: before OpenNebula 7 there was no such message."""
PERIOD_MAX_S = 1_000_000
"""poll(2) counts milliseconds in 31 bits."""
_DIGITS_MAX = 20


@dataclass(frozen=True, slots=True)
class Monitoring:
    """Where to report to and how often.

    `periods` are seconds by message type, `sync_s` the seconds between two full STATE_VM lists,
    `public_key` the PEM text or "" for messages in clear.
    """

    host_id: int
    address: str
    port: int
    periods: Mapping[MessageType, int]
    sync_s: int
    datastores: Path
    public_key: str


def parse(stdin: bytes, driver: str, ssh_client: str) -> Monitoring:
    """The configuration for the driver of this name.

    `ssh_client` is the address that MONITOR_ADDRESS "auto" stands for.
    """
    found = texts(stdin)
    require_driver(found, driver)
    address = text(found, "NETWORK/MONITOR_ADDRESS")
    if address == AUTO:
        address = ssh_client
    if not address:
        raise MonitoringError(
            'NETWORK/MONITOR_ADDRESS is "auto" but nobody connected by ssh: '
            "set MONITOR_ADDRESS to the front-end's address in monitord.conf"
        )
    return Monitoring(
        host_id=_number(found, "HOST_ID", 0, 2**31 - 1),
        address=address,
        port=_number(found, "NETWORK/PORT", 1, 65535),
        periods={kind: _period(found, kind) for kind in MessageType},
        sync_s=_number(found, "PROBES_PERIOD/SYNC_STATE_VM", 1, PERIOD_MAX_S),
        datastores=Path(datastores_in(found)),
        public_key=text(found, "NETWORK/PUBKEY"),
    )


def _period(found: Texts, kind: MessageType) -> int:
    if kind is MessageType.EXEC_VM and not text(found, f"PROBES_PERIOD/{kind}"):
        return EXEC_S
    return _number(found, f"PROBES_PERIOD/{kind}", 1, PERIOD_MAX_S)


def _number(found: Texts, path: str, least: int, most: int) -> int:
    said = text(found, path)
    is_number = said.isascii() and said.isdigit() and len(said) <= _DIGITS_MAX
    if not (is_number and least <= int(said) <= most):
        shown = repr(said[:_DIGITS_MAX])
        raise MonitoringError(f"{path} must be a whole number from {least} to {most}, not {shown}")
    return int(said)
