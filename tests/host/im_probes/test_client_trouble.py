"""What goes wrong around the resident client: other clients, the front-end, the store, names."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.busybox import Container, until
from support.monitord import Monitord, parse_template

from collector.store import FILE_NAME

pytestmark = pytest.mark.host

CAPTURED = (Path(__file__).parents[2] / "opennebula/im/monitord-client.stdin.raw.xml").read_bytes()
VM = HOST_ID = 73_000_000 + 10 * os.getpid()
"""The first VM of this run, and a host of no other's."""
OUTAGE_S = 8.0
"""Longer than the 5 s in which states are due."""
START = """\
import sys
from pathlib import Path
from control.monitoring import monitord
base = Path(sys.argv[1])
sys.exit(monitord.main(sys.argv[2:], base / "nebulxc.toml", base / "locks", base))
"""
Lxc = Callable[..., Container]
Started = subprocess.Popen[bytes]


def configuration(port: int, host_id: int = HOST_ID, key: str = "") -> bytes:
    """monitord's, with short periods."""
    stdin = CAPTURED.replace(b"4124", b"%d" % port)
    stdin = stdin.replace(b"<HOST_ID>1", b"<HOST_ID>%d" % host_id)
    stdin = stdin.replace(b"<![CDATA[auto]]>", b"127.0.0.1")
    stdin = stdin.replace(b"<![CDATA[30]]></MONITOR_VM>", b"1</MONITOR_VM>")
    stdin = stdin.replace(b"<PUBKEY><![CDATA[", b"<PUBKEY><![CDATA[" + key.encode())
    return stdin.replace(b"<![CDATA[30]]></BEACON_HOST>", b"1</BEACON_HOST>")


class Node:
    """The clients of this test and how monitord's driver calls for them."""

    def __init__(self, base: Path) -> None:
        self.base = base
        (base / "nebulxc.toml").write_text(f'[store]\ndirectory = "{base}/store"\n')
        self.host_ids = {HOST_ID}

    def starting(self, stdin: bytes, host_id: int = HOST_ID) -> Started:
        self.host_ids.add(host_id)
        argv = [sys.executable, "-c", START, str(self.base), "lxc", str(host_id), "host"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe)
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        return process

    def start(self, stdin: bytes, host_id: int = HOST_ID) -> ElementTree.Element:
        out, said = (process := self.starting(stdin, host_id)).communicate(timeout=120)
        assert process.returncode == 0, said.decode()
        return ElementTree.fromstring(out)

    def pid(self, host_id: int = HOST_ID) -> int:
        return int((self.base / f"locks/nebulxc-monitord-{host_id}.pid").read_text())

    def clients(self) -> set[int]:
        """Every process that was started with our base directory and lives on."""
        found = set()
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                try:
                    words = (process / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if str(self.base).encode() in words:
                    found.add(int(process.name))
        return found

    def stop(self) -> None:
        for host_id in self.host_ids:
            argv = [sys.executable, "-c", START, str(self.base), "stop", "lxc", str(host_id), "h"]
            subprocess.run(argv, stdin=subprocess.DEVNULL, timeout=120, check=True)
        until(lambda: not self.clients(), "the end of every client")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def front_end() -> Iterator[Monitord]:
    with Monitord() as listening:
        yield listening


def test_a_local_drivers_base64(node: Node, front_end: Monitord) -> None:
    assert node.start(b64encode(configuration(front_end.port))).tag == "MONITOR_MESSAGES"
    until(lambda: front_end.texts("BEACON_HOST"), "a beacon")


def test_of_many_started_at_once_one_stays(node: Node, front_end: Monitord) -> None:
    started = [node.starting(configuration(front_end.port)) for _ in range(4)]
    for process in started:
        process.communicate(timeout=120)
    until(lambda: node.clients() == {node.pid()}, "a single client")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_one_that_was_killed_or_hangs_is_replaced(
    node: Node, front_end: Monitord, number: signal.Signals
) -> None:
    node.start(configuration(front_end.port))
    former = node.pid()
    os.kill(former, number)
    node.start(configuration(front_end.port))
    assert node.pid() != former
    until(lambda: node.clients() == {node.pid()}, "a single client")


def test_each_host_id_has_a_client_of_its_own(node: Node, front_end: Monitord) -> None:
    """Two front-ends may both monitor a host, each under an id of its own."""
    node.start(configuration(front_end.port))
    node.start(configuration(front_end.port, HOST_ID + 1), HOST_ID + 1)
    assert node.clients() == {node.pid(), node.pid(HOST_ID + 1)}


def test_messages_sealed_with_monitords_key(node: Node) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    with Monitord(key=private) as front_end:
        node.start(configuration(front_end.port, key=pem.replace("\n", " ")))
        until(lambda: front_end.texts("BEACON_HOST"), "a beacon that it can open")


def test_a_front_end_that_goes_and_comes_back_is_told_everything_once(
    lxc_container: Lxc, node: Node
) -> None:
    ended, stays = (
        lxc_container(f"one-{VM + 1}", exact=True),
        lxc_container(f"one-{VM + 2}", exact=True),
    )
    with Monitord() as before:
        node.start(configuration(before.port))
        until(lambda: before.texts("BEACON_HOST"), "a beacon")
        port = before.port
    os.kill(ended.pid, signal.SIGKILL)
    until(lambda: ended.monitor() == 0, "its end")
    assert stays.pid
    time.sleep(OUTAGE_S)
    with Monitord(port) as after:
        until(lambda: _states(after, VM + 1), "the states")
        until(lambda: len(after.texts("BEACON_HOST")) > 4, "more beacons")
        # The full list, unless a busy machine kept the client from trying in all that time.
        assert _states(after, VM + 1) == ["POWEROFF"]
        assert _states(after, VM + 2) in (["RUNNING"], [])
        epochs = [epoch for _, kind, _, _, epoch, _ in after.messages if kind == "BEACON_HOST"]
        # Two may be of one second, a late one and the next: these are the bounds of a beat of 1 s.
        beats = epochs[-1] - epochs[0] + 2
        assert len(epochs) <= beats, "none is sent again for the time it was away"


def _states(front_end: Monitord, vmid: int) -> list[str]:
    lines = [vm for text in front_end.texts("STATE_VM") for _, vm in parse_template(text)]
    return [vm["STATE"] for vm in lines if isinstance(vm, dict) and vm["ID"] == str(vmid)]


def test_a_store_that_is_locked_or_no_store_is_read_around(
    lxc_container: Lxc, node: Node, front_end: Monitord
) -> None:
    lxc_container(f"one-{VM + 3}", exact=True)
    (node.base / "store").mkdir()
    with closing(sqlite3.connect(node.base / "store" / FILE_NAME)) as db:
        db.execute("CREATE TABLE cycle (id)")
        db.commit()
        db.execute("BEGIN EXCLUSIVE")
        document = node.start(configuration(front_end.port))
        assert f'ID="{VM + 3}"' in b64decode(document.findtext("STATE_VM") or "").decode()
        assert 'NEBULXC_AGENT="down"' in b64decode(document.findtext("SYSTEM_HOST") or "").decode()
        until(lambda: front_end.texts("MONITOR_VM"), "figures")
        db.rollback()
    (node.base / "store" / FILE_NAME).unlink()
    count = len(front_end.texts("MONITOR_VM"))
    until(lambda: len(front_end.texts("MONITOR_VM")) > count + 1, "figures without a store")
    assert {outcome for _, _, outcome, *_ in front_end.messages} == {"SUCCESS"}


def test_containers_whose_names_break_quoting(
    lxc_container: Lxc, node: Node, front_end: Monitord
) -> None:
    names = ['a"b', "ends in \\", "x]]>y", "tab\tand, comma=[1]", "one-7 2304"]
    for name in names:
        lxc_container(name, exact=True)
    document = node.start(configuration(front_end.port))
    system = parse_template(b64decode(document.findtext("SYSTEM_HOST") or "").decode())
    wild = {vm["VM_NAME"] for name, vm in system if name == "VM" and isinstance(vm, dict)}
    assert {'a"b', "ends in \\ ", "x]] >y", "tab\tand, comma=[1]", "one-7 2304"} <= wild
    states = parse_template(b64decode(document.findtext("STATE_VM") or "").decode())
    assert not [vm for _, vm in states if isinstance(vm, dict) and "7 2304" in vm["DEPLOY_ID"]]


def test_what_a_busy_container_uses_is_told(
    lxc_container: Lxc, node: Node, front_end: Monitord
) -> None:
    """OpenNebula's own probe says 0, recorded in tests/opennebula/im."""
    container = lxc_container(f"one-{VM + 5}", exact=True)
    node.start(configuration(front_end.port))
    with container.attached("sh", "-c", "while :; do :; done"):
        until(lambda: _cpu(front_end, VM + 5) > 5, "its use of CPU")


def _cpu(front_end: Monitord, vmid: int) -> float:
    for text in reversed(front_end.texts("MONITOR_VM")):
        for _, vm in parse_template(text):
            if isinstance(vm, dict) and vm["ID"] == str(vmid):
                inner = dict(parse_template(b64decode(vm["MONITOR"]).decode()))
                return float(str(inner.get("CPU", 0)))
    return 0.0
