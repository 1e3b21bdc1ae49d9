import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from vmm.opennebula import message
from vmm.policy import NodePolicy
from vmm.spec import Message, VmSpec

CALLS = Path(__file__).parents[2] / "opennebula"


@dataclass(frozen=True)
class Call:
    """One captured call of a VMM script."""

    name: str
    action: str
    argv: list[str]
    stdin: bytes


def captured() -> list[Call]:
    """Every captured call, in the order in which they came."""
    return [_call(path.parent) for path in sorted(CALLS.glob("*/*/argv.json"))]


def _call(directory: Path) -> Call:
    stdin = (directory / "stdin").read_bytes()
    again = base64.b64encode(stdin.strip()).decode()
    argv = [
        again if a == "@message64" else a for a in json.loads((directory / "argv.json").read_text())
    ]
    return Call(
        f"{directory.parent.name}/{directory.name}", directory.name.rpartition(".")[2], argv, stdin
    )


@pytest.fixture(scope="session")
def calls() -> list[Call]:
    return captured()


@pytest.fixture
def call(calls: list[Call]) -> Callable[[str], Call]:
    """A captured call by the beginning of its name."""
    return lambda start: next(c for c in calls if c.name.startswith(start))


DISK = "<DISK><DISK_ID>0</DISK_ID><TARGET>sda</TARGET><TYPE>FILE</TYPE>{}</DISK>"
NIC = (
    "<NIC><NIC_ID>0</NIC_ID><BRIDGE>br0</BRIDGE><MAC>02:00:00:00:00:01</MAC>"
    "<TARGET>one-7-0</TARGET></NIC>"
)


def vm_xml(template: str = DISK.format(""), user: str = "", limits: str = "") -> str:
    """A small VM, hand-made: id 7, system datastore 100."""
    limits = limits or "<CPU>1</CPU><MEMORY>128</MEMORY>"
    return (
        f"<VM><ID>7</ID><TEMPLATE>{limits}{template}</TEMPLATE>"
        f"<USER_TEMPLATE>{user}</USER_TEMPLATE><HISTORY_RECORDS><HISTORY><SEQ>0</SEQ>"
        f"<DS_ID>100</DS_ID></HISTORY></HISTORY_RECORDS></VM>"
    )


def parse_message(text: str, policy: NodePolicy | None = None) -> Message:
    """The message of a deploy of VM 7."""
    argv = ["/deployment.0", "node", "7", "node"]
    return message.parse("deploy", argv, text.encode(), policy or NodePolicy())


@pytest.fixture
def parse() -> Callable[..., VmSpec]:
    """`vm_xml`'s arguments → the spec."""
    return lambda *args, **kwargs: parse_message(vm_xml(*args, **kwargs)).vm
