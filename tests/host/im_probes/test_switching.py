"""A host goes from OpenNebula's own client to ours and back: one at a time, nothing twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.busybox import Container, until
from support.monitord import Monitord

from control.monitoring import rival

pytestmark = pytest.mark.host

CAPTURED = Path(__file__).parents[2] / "opennebula/im/monitord-client.stdin.raw.xml"
VM = HOST_ID = 74_000_000 + 10 * os.getpid()
"""Of no other run on this machine."""
START = """\
import sys
from pathlib import Path
from control.monitoring import monitord
base = Path(sys.argv[1])
sys.exit(monitord.main(sys.argv[2:], base / "nebulxc.toml", base / "locks", base))
"""
STOCK = """\
import socket, sys, time
from base64 import b64encode
from zlib import compress
port, host = int(sys.argv[4]), sys.argv[2]
with socket.socket(type=socket.SOCK_DGRAM) as out:
    while True:
        text = b64encode(compress(b"stock"))
        message = b"BEACON_HOST SUCCESS %s %d %s" % (host.encode(), time.time(), text)
        out.sendto(message, ("127.0.0.1", port))
        time.sleep(0.2)
"""


class Host:
    """Both clients' scripts, as monitord's driver calls them. OpenNebula's own is a stand-in that
    only sends beacons; its control script does what `monitord-client_control.sh` does."""

    def __init__(self, base: Path, port: int) -> None:
        self._base, self._port = base, port
        self._stock = base / "monitord-client.rb"
        self._stock.write_text(STOCK)
        (base / "nebulxc.toml").write_text(f'[store]\ndirectory = "{base}/store"\n')
        self.processes: list[subprocess.Popen[bytes]] = []

    def start_ours(self) -> None:
        stdin = CAPTURED.read_bytes().replace(b"4124", b"%d" % self._port)
        stdin = stdin.replace(b"<HOST_ID>1", b"<HOST_ID>%d" % HOST_ID)
        stdin = stdin.replace(b"<![CDATA[auto]]>", b"127.0.0.1")
        stdin = stdin.replace(b"<![CDATA[30]]></BEACON_HOST>", b"1</BEACON_HOST>")
        self._ours(stdin=stdin)

    def stop_ours(self) -> None:
        self._ours("stop")

    def start_stock(self) -> None:
        self.stop_stock()
        argv = [sys.executable, str(self._stock), "lxc", str(HOST_ID), "host", str(self._port)]
        self.processes.append(subprocess.Popen(argv))
        self._pid_file().write_text(f"{self.processes[-1].pid}\n")

    def stop_stock(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self._pid_file().unlink(missing_ok=True)

    def ours_runs(self) -> bool:
        try:
            pid = int((self._base / f"locks/nebulxc-monitord-{HOST_ID}.pid").read_text())
            return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
        except OSError:
            return False

    def _pid_file(self) -> Path:
        return self._base / f"one-monitord-{HOST_ID}.pid"

    def _ours(self, *words: str, stdin: bytes = b"") -> None:
        argv = [sys.executable, "-c", START, str(self._base), *words, "lxc", str(HOST_ID), "host"]
        done = subprocess.run(argv, input=stdin, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode()


@pytest.fixture
def front_end() -> Iterator[Monitord]:
    with Monitord() as listening:
        yield listening


@pytest.fixture
def host(tmp_path: Path, front_end: Monitord) -> Iterator[Host]:
    made = Host(tmp_path, front_end.port)
    yield made
    made.stop_stock()
    made.stop_ours()


def beacons(front_end: Monitord, since: float) -> set[bool]:
    """Whose beacons came since then: True for ours, False for the stock client's."""
    return {
        text != "stock"
        for at, kind, _, _, _, text in list(front_end.messages)
        if kind == "BEACON_HOST" and at >= since
    }


def test_to_ours_and_back(
    lxc_container: Callable[..., Container], host: Host, front_end: Monitord
) -> None:
    lxc_container(f"one-{VM}", exact=True)
    host.start_stock()
    until(lambda: beacons(front_end, 0.0) == {False}, "the stock client's beacon")

    host.start_ours()
    assert rival.rivals(HOST_ID) == set(), "the stock client is gone when ours has started"
    assert host.processes[0].wait(60) == -signal.SIGTERM
    since = front_end.caught_up()
    until(lambda: beacons(front_end, since), "our beacon")
    assert beacons(front_end, since) == {True}

    host.start_stock()
    until(lambda: not host.ours_runs(), "our end, at its next turn")
    since = front_end.caught_up()
    until(lambda: beacons(front_end, since), "the stock client's beacon")
    assert beacons(front_end, since) == {False}

    host.start_ours()
    since = front_end.caught_up()
    until(lambda: beacons(front_end, since), "our beacon")
    assert beacons(front_end, since) == {True}
    told = [
        line
        for text in front_end.texts("STATE_VM")
        for line in text.splitlines()
        if f'ID="{VM}"' in line
    ]
    assert told == [], "its state never changed: the first rounds told it, and nothing else"


def test_a_client_of_another_host_is_left_alone(host: Host, tmp_path: Path) -> None:
    argv = [
        sys.executable,
        str(tmp_path / "monitord-client.rb"),
        "lxc",
        str(HOST_ID + 1),
        "host",
        "9",
    ]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as other:
        host.start_ours()
        assert other.poll() is None
        os.kill(other.pid, signal.SIGKILL)
