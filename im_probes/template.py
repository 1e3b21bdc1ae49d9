"""Pure: OpenNebula's template syntax, as oned and monitord parse it.

What its grammar (src/parsers/template_parser.l and template_syntax.y) makes necessary:
a double quote is written `\\"` and nothing else is unescaped; a value whose last character is a
backslash would swallow the closing quote; `]]>` anywhere on a line aborts the whole template;
characters that XML 1.0 forbids would spoil the document oned stores. Names are [A-Z0-9_]+.
"""

from __future__ import annotations

from binascii import b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Pairs = Iterable[tuple[str, object]]

_NOT_XML = r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_names: set[str] = set()
"""The names that were found good: there are few, and each is written for every container."""


def quoted(value: object) -> str:
    """The value between double quotes, altered only where the syntax has no way to say it."""
    text = str(value)
    if text.isalnum() and text.isascii():
        return f'"{text}"'
    if not (text.isascii() and text.isprintable()):
        import re

        text = re.sub(_NOT_XML, "�", text)
    text = text.replace("]]>", "]] >").replace('"', '\\"')
    return f'"{text} "' if text.endswith("\\") else f'"{text}"'


def attribute(name: str, value: object) -> str:
    """One line `NAME="value"`."""
    return f"{_checked(name)}={quoted(value)}\n"


def vector(name: str, pairs: Pairs) -> str:
    """One line `NAME=[A="1",B="2"]`."""
    inside = ",".join([f"{_checked(key)}={quoted(value)}" for key, value in pairs])
    return f"{_checked(name)}=[{inside}]\n"


def base64(text: str) -> str:
    """The text in base64, on one line."""
    return b2a_base64(text.encode("utf-8", "replace"), newline=False).decode("ascii")


def monitored(vmid: int, deploy_id: str, template: str) -> str:
    """One VM of a MONITOR_VM message: its attributes as a template of their own, in base64."""
    return vector("VM", (("ID", vmid), ("DEPLOY_ID", deploy_id), ("MONITOR", base64(template))))


def _checked(name: str) -> str:
    if name not in _names:
        if not (name.isascii() and name.replace("_", "A").isalnum()):
            raise ValueError(f"{name!r} cannot name an OpenNebula attribute: use A-Z, 0-9 and _")
        _names.add(name)
    return name
