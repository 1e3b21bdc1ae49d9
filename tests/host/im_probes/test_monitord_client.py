"""The resident client, as OpenNebula starts it, with real containers and a stand-in monitord."""

import io
import os
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.busybox import Container, run, until
from support.monitord import Monitord, parse_template

from control.monitoring import monitord

pytestmark = pytest.mark.host

CAPTURED = Path(__file__).parents[2] / "opennebula/im/monitord-client.stdin.raw.xml"
HOST_ID = 1
VM = 72_000_000 + 10 * os.getpid()
"""The first VM of this run."""
DRIVER = "lxc"
"""As in the captured configuration; monitord tells only those that it has."""
START = """\
import sys
from pathlib import Path
from control.monitoring import monitord
base = Path(sys.argv[1])
sys.exit(monitord.main(sys.argv[2:], base / "nebulxc.toml", base / "locks", base))
"""
Lxc = Callable[..., Container]


@pytest.fixture
def front_end() -> Iterator[Monitord]:
    with Monitord() as listening:
        yield listening


class Client:
    """run_monitord_client and stop_monitord_client, as far as they concern us."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def call(self, *words: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """One call in a process of its own."""
        command = (sys.executable, "-c", START, str(self.base), *words)
        return subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False)

    def start(self, port: int, states_s: int = 5) -> ElementTree.Element:
        """Start it towards `port`; the document of the first round. It looks at states on its own
        every `states_s` seconds."""
        stdin = CAPTURED.read_bytes().replace(b"4124", b"%d" % port)
        stdin = stdin.replace(b"<MONITOR_ADDRESS><![CDATA[auto]]>", b"<MONITOR_ADDRESS>127.0.0.1")
        stdin = stdin.replace(b"<![CDATA[30]]></BEACON_HOST>", b"1</BEACON_HOST>")
        stdin = stdin.replace(b"<![CDATA[30]]></MONITOR_VM>", b"2</MONITOR_VM>")
        stdin = stdin.replace(b"<![CDATA[5]]></STATE_VM>", b"%d</STATE_VM>" % states_s)
        done = self.call(DRIVER, str(HOST_ID), "localhost", stdin=stdin)
        assert done.returncode == 0, done.stderr.decode()
        return ElementTree.fromstring(done.stdout)

    def stop(self) -> None:
        """Stop it; without one running this is no error."""
        assert self.call("stop", DRIVER, str(HOST_ID), "localhost").returncode == 0

    def pid(self) -> int:
        """The process that runs now."""
        return int((self.base / "locks" / f"nebulxc-monitord-{HOST_ID}.pid").read_text())


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    (tmp_path / "nebulxc.toml").write_text(f'[store]\ndirectory = "{tmp_path}/store"\n')
    found = Client(tmp_path)
    yield found
    found.stop()


def decoded(document: ElementTree.Element, kind: str) -> str:
    return b64decode(document.findtext(kind) or "").decode()


def lines_of(text: str, vmid: int) -> list[str]:
    return [line for line in text.splitlines() if f'ID="{vmid}"' in line]


def state(number: int, is_now: str) -> str:
    return f'VM=[ID="{VM + number}",DEPLOY_ID="one-{VM + number}",STATE="{is_now}"]'


def runs(pid: int) -> bool:
    """Whether it does; one that ended and was not reaped yet has no command line any more."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def told(front_end: Monitord, vmid: int) -> list[str]:
    return [line for text in front_end.texts("STATE_VM") for line in lines_of(text, vmid)]


def test_the_first_round_then_reports_of_its_own(
    lxc_container: Lxc, client: Client, front_end: Monitord
) -> None:
    lxc_container(f"one-{VM + 1}", exact=True)
    document = client.start(front_end.port)
    assert document.tag == "MONITOR_MESSAGES"
    assert abs(int(document.findtext("TIMESTAMP") or 0) - time.time()) < 300
    assert lines_of(decoded(document, "STATE_VM"), VM + 1) == [state(1, "RUNNING")]
    assert dict(parse_template(decoded(document, "SYSTEM_HOST")))["HYPERVISOR"] == "lxc"
    until(lambda: front_end.texts("BEACON_HOST"), "a beacon")
    until(lambda: len(front_end.texts("MONITOR_VM")) > 1, "two rounds of MONITOR_VM")
    (line,) = lines_of(front_end.texts("MONITOR_VM")[-1], VM + 1)
    ((_, vm),) = parse_template(line)
    monitor = dict(parse_template(b64decode(vm["MONITOR"]).decode()))
    assert int(monitor["MEMORY"]) > 0
    assert float(monitor["CPU"]) >= 0, "the second round has a rate"


def test_a_death_is_told_when_it_happens(
    lxc_container: Lxc, client: Client, front_end: Monitord
) -> None:
    container = lxc_container(f"one-{VM + 2}", exact=True)
    client.start(front_end.port, states_s=3600)
    os.kill(container.pid, signal.SIGKILL)
    until(lambda: told(front_end, VM + 2), "the death, long before states are due")
    assert told(front_end, VM + 2) == [state(2, "POWEROFF")]


def test_a_killed_monitor_is_a_death_too(
    lxc_container: Lxc, client: Client, front_end: Monitord
) -> None:
    container = lxc_container(f"one-{VM + 3}", exact=True)
    client.start(front_end.port, states_s=3600)
    os.kill(container.monitor(), signal.SIGKILL)
    # A failure is told before it where the kernel takes long to end what the monitor had started.
    until(
        lambda: [line for line in told(front_end, VM + 3) if "POWEROFF" in line],
        "the death, long before states are due",
    )


def test_a_container_that_outlives_its_monitor_is_a_failure(
    lxc_container: Lxc, client: Client, front_end: Monitord
) -> None:
    container = lxc_container(f"one-{VM + 5}", "lxc.monitor.signal.pdeath = 0", exact=True)
    client.start(front_end.port, states_s=3600)
    os.kill(container.monitor(), signal.SIGKILL)
    try:
        until(lambda: told(front_end, VM + 5), "the failure, long before states are due")
        assert told(front_end, VM + 5) == [state(5, "FAILURE")]
        assert runs(container.pid)
        said = run("lxc-info", "-P", str(container.lxc_path), "-n", container.name, "-sH")
        assert said.strip() == "STOPPED", "LXC does not know it any more"
        document = client.start(front_end.port, states_s=3600)
        assert 'STATE="FAILURE"' in lines_of(decoded(document, "STATE_VM"), VM + 5)[0]
    finally:
        os.kill(container.pid, signal.SIGKILL)
    until(lambda: "POWEROFF" in told(front_end, VM + 5)[-1], "its end")


def test_an_init_that_changed_its_user_outlives_its_monitor(
    lxc_container: Lxc, client: Client, front_end: Monitord, tmp_path: Path
) -> None:
    """That takes the signal away which LXC wants it to get (prctl(2), PR_SET_PDEATHSIG)."""
    (tmp_path / "passwd").write_text("other:x:65534:65534::/:/bin/sh\n")
    container = lxc_container(
        f"one-{VM + 6}",
        f"lxc.mount.entry = {tmp_path}/passwd etc/passwd none bind,ro 0 0",
        "lxc.init.cmd = /bin/su other -c exec${IFS}sleep${IFS}1000",
        exact=True,
    )
    cmdline = Path(f"/proc/{container.pid}/cmdline")
    until(lambda: cmdline.read_bytes().startswith(b"sleep\0"), "what the other user runs")
    client.start(front_end.port, states_s=3600)
    os.kill(container.monitor(), signal.SIGKILL)
    try:
        until(lambda: told(front_end, VM + 6), "the failure")
        assert "FAILURE" in told(front_end, VM + 6)[-1]
    finally:
        os.kill(container.pid, signal.SIGKILL)


def test_frozen_is_suspended(lxc_container: Lxc, client: Client, front_end: Monitord) -> None:
    container = lxc_container(f"one-{VM + 4}", exact=True)
    client.start(front_end.port)
    container.freeze()
    until(lambda: told(front_end, VM + 4), "the freeze")
    assert "SUSPENDED" in told(front_end, VM + 4)[-1]
    container.unfreeze()
    until(lambda: "RUNNING" in told(front_end, VM + 4)[-1], "the thaw")


def test_a_second_start_takes_the_first_ones_place(client: Client, front_end: Monitord) -> None:
    client.start(front_end.port)
    first = client.pid()
    client.start(front_end.port)
    assert client.pid() != first
    until(lambda: not runs(first), "the first one's end")
    client.stop()
    client.stop()


def test_sigusr1_tells_the_system_now(client: Client, front_end: Monitord) -> None:
    client.start(front_end.port)
    os.kill(client.pid(), signal.SIGUSR1)
    until(lambda: front_end.texts("SYSTEM_HOST"), "SYSTEM_HOST")


@pytest.mark.parametrize(
    ("stdin", "says"),
    [(b"", "stdin is empty"), (b"<VM/>", "got <VM>"), (CAPTURED.read_bytes(), "MONITOR_ADDRESS")],
)
def test_what_is_wrong_is_said_and_nothing_runs(
    client: Client, monkeypatch: pytest.MonkeyPatch, stdin: bytes, says: str
) -> None:
    monkeypatch.delenv("SSH_CLIENT", raising=False)
    done = client.call(DRIVER, str(HOST_ID), "localhost", stdin=stdin)
    assert (done.returncode, done.stdout) == (255, b"")
    assert says in done.stderr.decode()
    assert not (client.base / "locks").exists()


def test_monitord_is_told_why_no_client_starts(client: Client, front_end: Monitord) -> None:
    """It would show a host in ERROR and no reason."""
    (client.base / "nebulxc.toml").write_text("[collector]\ninterval = 'soon'\n")
    stdin = CAPTURED.read_bytes().replace(b"4124", b"%d" % front_end.port)
    stdin = stdin.replace(b"<![CDATA[auto]]>", b"127.0.0.1")
    done = client.call(DRIVER, str(HOST_ID), "localhost", stdin=stdin)
    assert (done.returncode, done.stdout) == (255, b"")
    until(lambda: front_end.messages, "the reason")
    ((_, kind, outcome, host_id, _, text),) = front_end.messages
    assert (kind, outcome, host_id) == ("BEACON_HOST", "FAILURE", HOST_ID)
    assert text == " ".join(done.stderr.decode().split())
    assert "interval" in text


def test_a_call_without_arguments_says_how(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert monitord.main([], tmp_path / "none.toml", tmp_path) == 255
    assert "usage: nebulxc-monitord" in capsys.readouterr().err
