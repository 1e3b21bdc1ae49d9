"""What monitord tells a probe on stdin: `<MONITOR_CONFIGURATION>`, plain or in base64."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from im_probes.wire import MessageType

AUTO = "auto"
"""The MONITOR_ADDRESS that stands for whoever connected by ssh."""


class MonitoringError(ValueError):
    """The configuration cannot be used; the text names the element and what it must hold."""


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


def decoded(stdin: bytes) -> bytes:
    """The XML of a driver's stdin: over ssh it is plain, from a local driver in base64."""
    text = stdin.strip()
    if text.startswith(b"<") or not text:
        return text
    try:
        return b64decode(text, validate=True)
    except binascii.Error as error:
        raise MonitoringError(f"stdin is neither XML nor base64 ({error})") from error


def parse(stdin: bytes, ssh_client: str) -> Monitoring:
    """The configuration; `ssh_client` is the address that MONITOR_ADDRESS "auto" stands for."""
    root = _document(decoded(stdin))
    address = _text(root, "NETWORK/MONITOR_ADDRESS")
    if address == AUTO:
        address = ssh_client
    if not address:
        raise MonitoringError(
            'NETWORK/MONITOR_ADDRESS is "auto" but nobody connected by ssh: '
            "set MONITOR_ADDRESS to the front-end's address in monitord.conf"
        )
    return Monitoring(
        host_id=_number(root, "HOST_ID", least=0),
        address=address,
        port=_number(root, "NETWORK/PORT", least=1),
        periods={kind: _number(root, f"PROBES_PERIOD/{kind}", least=1) for kind in MessageType},
        sync_s=_number(root, "PROBES_PERIOD/SYNC_STATE_VM", least=1),
        datastores=Path(_text(root, "DATASTORE_LOCATION") or "/var/lib/one/datastores"),
        public_key=_text(root, "NETWORK/PUBKEY"),
    )


def _document(xml: bytes) -> Element:
    if not xml:
        raise MonitoringError("stdin is empty: monitord passes its configuration as XML there")
    try:
        root: Element = fromstring(xml)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise MonitoringError(f"monitord's configuration is not XML: {error}") from error
    if root.tag != "MONITOR_CONFIGURATION":
        raise MonitoringError(f"<MONITOR_CONFIGURATION> expected on stdin, got <{root.tag}>")
    return root


def _text(root: Element, path: str) -> str:
    return (root.findtext(path) or "").strip()


def _number(root: Element, path: str, least: int) -> int:
    text = _text(root, path)
    if not (text.isascii() and text.isdigit() and int(text) >= least):
        raise MonitoringError(f"{path} must be a whole number of at least {least}, not {text!r}")
    return int(text)
