"""Pure: OpenNebula's template syntax, as oned and monitord parse it.

What its grammar (src/parsers/template_parser.l and template_syntax.y) makes necessary:
a double quote is written `\\"` and nothing else is unescaped; a value whose last character is a
backslash would swallow the closing quote; `]]>` anywhere on a line aborts the whole template;
characters that XML 1.0 forbids would spoil the document oned stores. Names are [A-Z0-9_]+.
"""

import re
from base64 import b64encode
from collections.abc import Iterable

Pairs = Iterable[tuple[str, object]]
"""(attribute name, value) in the order they are to appear."""

_NAME = re.compile(r"[A-Za-z0-9_]+")
_NOT_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def quoted(value: object) -> str:
    """The value between double quotes, altered only where the syntax has no way to say it."""
    text = _NOT_XML.sub("�", str(value)).replace("]]>", "]] >").replace('"', '\\"')
    return f'"{text} "' if text.endswith("\\") else f'"{text}"'


def attribute(name: str, value: object) -> str:
    """One line `NAME="value"`."""
    return f"{_checked(name)}={quoted(value)}\n"


def vector(name: str, pairs: Pairs) -> str:
    """One line `NAME=[A="1",B="2"]`."""
    inside = ",".join(f"{_checked(key)}={quoted(value)}" for key, value in pairs)
    return f"{_checked(name)}=[{inside}]\n"


def monitored(vmid: int, deploy_id: str, template: str) -> str:
    """One VM of a MONITOR_VM message: its attributes as a template of their own, in base64."""
    inner = b64encode(template.encode()).decode("ascii")
    return vector("VM", (("ID", vmid), ("DEPLOY_ID", deploy_id), ("MONITOR", inner)))


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name an OpenNebula attribute: use A-Z, 0-9 and _")
    return name
