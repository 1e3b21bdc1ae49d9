"""A host of 1,000 containers: every message arrives whole, by the way that its size needs."""

from base64 import b64decode
from collections.abc import Iterator

import pytest
from support.busybox import until
from support.monitord import Monitord, parse_template

from collector.model import Column, Entity, Row, Stamp
from collector.reading import Reading
from im_probes import messages
from im_probes.probes.vm_status import render_all, states
from im_probes.sight import Agent, Sight
from im_probes.transport import DATAGRAM_MAX, Network
from im_probes.wire import MessageType, message

COUNT = 1_000
NETWORK = [
    Column(f"lxc_network_{way}_{what}_total", (("device", device),))
    for device in ("eth0", "eth1")
    for way in ("receive", "transmit")
    for what in ("bytes", "packets", "errs", "drop")
]
COLUMNS = (
    *NETWORK,
    Column("lxc_state", (("state", "running"),)),
    Column("lxc_cpu_usage_seconds_total"),
    Column("lxc_memory_working_set_bytes"),
)


@pytest.fixture(scope="module")
def sight() -> Sight:
    def reading(number: int) -> Reading:
        values = [float(number * place) for place, _ in enumerate(COLUMNS)]
        values[len(NETWORK)] = 1.0
        entity = Entity("container", f"one-{number}", ())
        now, before = Row(entity, 1, COLUMNS, values), Row(entity, 1, COLUMNS, [0.0] * len(values))
        return Reading(now, Stamp(0, 10**9, "b"), before, Stamp(0, 0, "b"))

    return Sight([reading(number) for number in range(COUNT)], Agent.OK)


@pytest.fixture
def front_end() -> Iterator[Monitord]:
    with Monitord() as listening:
        yield listening


@pytest.mark.parametrize("kind", [MessageType.MONITOR_VM, MessageType.STATE_VM])
def test_all_of_them_arrive(sight: Sight, front_end: Monitord, kind: MessageType) -> None:
    text = (
        messages.monitor_vm(sight)
        if kind is MessageType.MONITOR_VM
        else render_all(states(sight.containers()), "POWEROFF")
    )
    raw = message(kind, 3, 1_795_328_538, text)
    assert len(raw) > DATAGRAM_MAX, "it goes by TCP: monitord's buffer for datagrams ends at 64 KiB"
    Network("127.0.0.1", front_end.port).send(raw, reliable=kind is MessageType.STATE_VM)
    until(lambda: front_end.messages, "the message")
    (arrived,) = front_end.texts(kind)
    found = [pairs for name, pairs in parse_template(arrived) if name == "VM"]
    assert [pairs["ID"] for pairs in found if isinstance(pairs, dict)] == [
        str(number) for number in range(COUNT)
    ]


def test_each_has_its_own_figures(sight: Sight) -> None:
    lines = messages.monitor_vm(sight).splitlines()
    for number in (1, 500, COUNT - 1):
        ((_, pairs),) = parse_template(lines[number])
        assert isinstance(pairs, dict)
        inner = dict(parse_template(b64decode(pairs["MONITOR"]).decode()))
        assert inner["NETRX"] == str(0 * number + 8 * number), "eth0's bytes and eth1's"
