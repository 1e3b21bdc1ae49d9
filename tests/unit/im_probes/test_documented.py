"""docs/opennebula.md names every attribute that is sent, and no other."""

import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from collector.datastores import Capacity
from collector.identity import Identity
from collector.metrics import definitions
from collector.model import Column, Entity, Row, Stamp
from collector.numa import Core, HugePages, Node
from collector.pci import Device
from collector.reading import Reading
from im_probes import outlook, vm_outlook
from im_probes.history import far, near
from im_probes.probes import host_monitor, host_system, vm_execution, vm_monitor, vm_status
from im_probes.probes.host_system import System, Wild

DOCUMENT = Path(__file__).parents[3] / "docs/opennebula.md"
NODE = Node(0, 2, 1, (0,), (HugePages(2048, 2, 1),), (Core(0, (0,)),))
SPACE = Capacity(1, 2, 1)
HORIZONS = (near(5).suffix, far(2880).suffix)


def full(kind: str) -> Reading:
    """A reading of every metric that there is, once for each label."""
    columns = tuple(
        Column(name, tuple((label, "user" if label == "mode" else "1") for label in metric.labels))
        for name, metric in definitions().items()
    )

    def row(value: float) -> Row:
        return Row(Entity(kind, "one-7", ()), 1, columns, [value] * len(columns))

    return Reading(row(2.0), Stamp(0, 10**9, "b"), row(1.0), Stamp(0, 0, "b"))


def monitor_vm() -> str:
    each = {f"{name}{suffix}": (1.0, 1.0) for name in vm_outlook.STORED for suffix in HORIZONS}
    sizes = vm_monitor.unread({(0,): 1, (0, 1): 1}, ("192.0.2.1",))
    return vm_monitor.template(full("container")) + sizes + vm_monitor.outlook(each)


def monitor_host() -> str:
    forecasts = {f"{name}{suffix}": 1.0 for name in outlook.HOST for suffix in HORIZONS}
    return host_monitor.render(full("host"), [NODE], forecasts)


def system_host() -> str:
    return host_system.render(
        System(
            identity=Identity("h", "x86_64", "m", 1, 2),
            host=full("host"),
            nodes=[NODE],
            devices=[Device("0000:3b:00.1", "10de", "20b5", "0302", 0, "v", "d", "c")],
            location=SPACE,
            datastores=[(0, SPACE)],
            wilds=[Wild("w", 1.0, 1.0)],
            opennebula_version="7",
            nebulxc_version="0",
            agent="ok",
            errors={"USEDCPU_FORECAST": 1.0},
        )
    )


SENT: dict[str, Callable[[], str]] = {
    "MONITOR_VM": monitor_vm,
    "MONITOR_HOST": monitor_host,
    "SYSTEM_HOST": system_host,
    "STATE_VM": lambda: vm_status.render_all({7: vm_status.State.RUNNING}, "POWEROFF"),
    "EXEC_VM": lambda: vm_execution.render({7: {}}),
}


def documented(message: str) -> set[str]:
    """What the first column of the section's table names, vectors as NAME.FIELD."""
    section = DOCUMENT.read_text().partition(f"\n## {message}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for said in re.findall(r"`(.+?)`", cell) for name in names(said)}


def names(said: str) -> Iterator[str]:
    """A{B,C}[_D] stands for AB, AC, AB_D and AC_D; N=[A,B=1] for N.A and N.B."""
    vector = re.fullmatch(r"(\w+)=\[(.+)\]", said)
    if vector:
        for field in re.findall(r"(?:\{[^}]*\}|[^,])+", vector[2]):
            yield from (f"{vector[1]}.{name}" for name in names(field.partition("=")[0]))
        return
    parts = re.split(r"\{([^}]*)\}", re.sub(r"\[(\w+)\]", r"{,\1}", said))
    choices = [part.split(",") if place % 2 else [part] for place, part in enumerate(parts)]
    yield from map("".join, product(*choices))


@pytest.mark.parametrize("message", SENT)
def test_what_is_sent_is_what_is_documented(
    message: str, oned_parses: Callable[[str], Any]
) -> None:
    sent: set[str] = set()
    for name, value in oned_parses(SENT[message]()):
        sent |= {f"{name}.{field}" for field in value} if isinstance(value, dict) else {name}
    told = documented(message)
    assert (sent - told, told - sent) == (set(), set()), "(not documented, not sent)"
