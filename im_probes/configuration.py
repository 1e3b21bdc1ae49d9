"""What monitord tells on stdin: `<MONITOR_CONFIGURATION>`, plain or in base64, as plain texts.

Read with expat itself: ElementTree takes longer to import than an empty Python to run. Documents
that declare a type or entities are refused: expanding these is how XML eats a machine.
"""

from __future__ import annotations

import binascii
from pyexpat import ExpatError, ParserCreate

Texts = dict[str, list[str]]
ROOT = "MONITOR_CONFIGURATION"
DATASTORES = "/var/lib/one/datastores"


class MonitoringError(ValueError):
    """The configuration cannot be used; the text names the element and what it must hold."""


def texts(stdin: bytes) -> Texts:
    """The text of every element by its path below the root, as "NETWORK/PORT", in their order."""
    xml = decoded(stdin)
    if not xml:
        raise MonitoringError("stdin is empty: monitord passes its configuration as XML there")
    reading = _Reading()
    try:
        reading.parser.Parse(xml, True)
    except (ExpatError, ValueError, LookupError) as error:  # the last two: of the encoding
        raise MonitoringError(f"monitord's configuration is not XML: {error}") from error
    if reading.root != ROOT:
        raise MonitoringError(f"<{ROOT}> expected on stdin, got <{reading.root}>")
    return reading.found


def decoded(stdin: bytes) -> bytes:
    """The XML of a driver's stdin: over ssh it is plain, from a local driver in base64."""
    text = stdin.strip()
    if text.startswith(b"<") or not text:
        return text
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error as error:
        raise MonitoringError(f"stdin is neither XML nor base64 ({error})") from error


def text(found: Texts, path: str) -> str:
    """The text of the first element at `path`, "" where there is none."""
    return found[path][0] if path in found else ""


def datastores_in(found: Texts) -> str:
    """The directory of all datastores."""
    return text(found, "DATASTORE_LOCATION") or DATASTORES


def require_driver(found: Texts, name: str) -> None:
    """MonitoringError where monitord has no driver of this name, which is how a host names it."""
    known = found.get("IM_MAD/NAME")
    if known and name not in known:
        raise MonitoringError(
            f"{name!r} is not among monitord's drivers ({', '.join(known)}): "
            f'add IM_MAD = [ NAME="{name}", … ] to monitord.conf, or correct the host\'s IM_MAD'
        )


class _Reading:
    """One document being read."""

    def __init__(self) -> None:
        self.root = ""
        self.found: dict[str, list[str]] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self.parser = ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._path.append(name)
        self.root = self._path[0]
        self._text.clear()

    def _end(self, _name: str) -> None:
        path = "/".join(self._path[1:])
        self.found.setdefault(path, []).append("".join(self._text).strip())
        self._path.pop()
        self._text.clear()

    def _refuse(self, *_declared: object) -> None:
        raise ValueError("it declares a document type or entities")
