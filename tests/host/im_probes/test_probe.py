"""The probes as processes on this host: with an agent, without one, and with whatever is wrong."""

import os
import signal
import sqlite3
import subprocess
import sys
import sysconfig
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.busybox import VETH, Container, until
from support.monitord import parse_template

import im_probes
from collector.brief import newest
from collector.store import FILE_NAME
from control import entries
from control.monitoring import probe

pytestmark = pytest.mark.host

CAPTURED = (Path(__file__).parents[2] / "opennebula/im/monitord-client.stdin.raw.xml").read_bytes()
STOCK = Path(__file__).parents[2] / "opennebula/im/stock-lxc-probe-outputs"
OURS = Path(im_probes.__file__).parent
VMID = 76_000_000 + 10 * os.getpid()
NAME = f"one-{VMID}"


@dataclass
class Node:
    """A configuration, and an entry of the probes that reads one of the same store. To the probes
    a cycle of some minutes ago is still young: how long anything takes here decides nothing."""

    base: Path

    def run(
        self, directory: str, *words: str, stdin: bytes = CAPTURED
    ) -> "subprocess.CompletedProcess[str]":
        argv = [str(self.base / "nebulxc-probe"), directory, *(words or ("lxc", "1", "host"))]
        return subprocess.run(
            argv,
            input=stdin.decode("latin1"),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def said(self, directory: str, **options: bytes) -> str:
        done = self.run(directory, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def vm(self, directory: str) -> dict[str, object]:
        """What the message tells of our container."""
        (found,) = (
            value for key, value in parse_template(self.said(directory))
            if key == "VM" and isinstance(value, dict) and value["ID"] == str(VMID)
        )  # fmt: skip
        inner = b64decode(found.get("MONITOR", "")).decode()
        return {**found, **dict(parse_template(inner))}

    def agent(self) -> str:
        """What SYSTEM_HOST tells of the agent."""
        return str(dict(parse_template(self.said("host/system")))["NEBULXC_AGENT"])

    @property
    def store(self) -> Path:
        return self.base / "store" / FILE_NAME

    @contextmanager
    def agent_running(self) -> Iterator[None]:
        """An agent that has read the host twice at least."""
        argv = [sys.executable, "-m", "control", "agent", "--no-page", "--config"]
        with subprocess.Popen([*argv, str(self.base / "nebulxc.toml")], cwd=OURS.parent) as process:
            try:
                until(self._has_rates, "two cycles")
                yield
            finally:
                process.terminate()
                process.wait(120)

    def _has_rates(self) -> bool:
        found = newest(str(self.store), ("host",))
        return (
            found is not None and found.entities[0].rate("lxc_host_cpu_seconds_total") is not None
        )


@pytest.fixture
def node(tmp_path: Path) -> Node:
    for name, interval in (("nebulxc", "1s"), ("probes", "100s")):
        text = f'[collector]\ninterval = "{interval}"\n[store]\ndirectory = "{tmp_path}/store"\n'
        (tmp_path / f"{name}.toml").write_text(text)
    entry = tmp_path / "nebulxc-probe"
    paths = [sysconfig.get_path("purelib"), str(OURS.parent)]
    call = f"main(config={str(tmp_path / 'probes.toml')!r})"
    entry.write_text(entries.script("control.monitoring.probe", sys.executable, paths, call))
    entry.chmod(0o755)
    return Node(tmp_path)


@pytest.fixture
def container(lxc_container: Callable[..., Container]) -> Container:
    made = lxc_container(NAME, *VETH, exact=True)
    made.attach("ip", "addr", "add", "192.0.2.72/24", "dev", "eth0")
    return made


def names_of(*probes: str) -> set[str]:
    """The attributes in the recorded output of these stock probes."""
    texts = ((STOCK / probe).read_text().split("# --- stdout\n")[1] for probe in probes)
    return {name for text in texts for name, _ in parse_template(text.split("# --- stderr")[0])}


def test_with_an_agent_every_probe_shows_its_last_cycle(node: Node, container: Container) -> None:
    with node.agent_running():
        until(lambda: str(VMID) in node.said("vm/monitor"), "the container")
        until(lambda: "CPU" in node.vm("vm/monitor"), "its second reading")
        found = node.vm("vm/monitor")
        assert {"CPU", "MEMORY", "NETRX", "NETTX", "NETRX_BW", "NETTX_BW"} <= found.keys()
        assert node.vm("vm/status")["STATE"] == "RUNNING"
        assert node.vm("vm/places")["GUEST_IP"] == "192.0.2.72"
        assert node.agent() == "ok"
        host = dict(parse_template(node.said("host/monitor")))
        assert names_of("host.monitor.linux_usage.rb.txt", "host.monitor.numa_usage.rb.txt") <= (
            host.keys()
        )
        assert int(str(host["USEDCPU"])) + int(str(host["FREECPU"])) > 0
    assert node.agent() == "ok", "what it read last is still young"


def test_every_probe_starts_no_process_while_there_is_an_agent(node: Node) -> None:
    with node.agent_running():
        for directory in probe.DIRECTORIES:
            argv = [
                "strace",
                "-f",
                "-qq",
                "-e",
                "trace=fork,vfork,clone,clone3",
                "-o",
                "/dev/stderr",
            ]
            done = subprocess.run(
                [*argv, node.base / "nebulxc-probe", directory, "lxc", "1", "host"],
                input=CAPTURED,
                capture_output=True,
                check=True,
            )
            calls = [line for line in done.stderr.decode().splitlines() if "(" in line]
            assert [line for line in calls if "CLONE_THREAD" not in line] == []


def test_without_an_agent_the_host_is_read(node: Node, container: Container) -> None:
    assert node.agent() == "down"
    found = node.vm("vm/monitor")
    assert int(str(found["MEMORY"])) > 0
    assert "CPU" not in found, "one reading has no rate, and nothing sleeps to have another"
    assert node.vm("vm/status")["STATE"] == "RUNNING"
    assert node.vm("vm/places")["GUEST_IP"] == "192.0.2.72"


def test_a_container_that_outlived_its_monitor_is_a_failure(
    node: Node, lxc_container: Callable[..., Container]
) -> None:
    made = lxc_container(NAME, "lxc.monitor.signal.pdeath = 0", exact=True)
    with node.agent_running():
        until(lambda: str(VMID) in node.said("vm/status"), "the container")
        assert node.vm("vm/status")["STATE"] == "RUNNING"
        os.kill(made.monitor(), signal.SIGKILL)
        try:
            until(lambda: made.monitor() == 1, "its adoption by process 1")
            assert node.vm("vm/status")["STATE"] == "FAILURE"
            assert int(str(node.vm("vm/monitor")["MEMORY"])) > 0, "it still runs"
        finally:
            os.kill(made.pid, signal.SIGKILL)
        until(lambda: node.vm("vm/status")["STATE"] == "POWEROFF", "its end")


def test_an_agent_that_stopped_is_stale(node: Node) -> None:
    with node.agent_running():
        pass
    with closing(sqlite3.connect(node.store)) as db:
        db.execute("UPDATE cycle SET mono_ns = mono_ns - 3600000000000")
        db.commit()
    assert node.agent() == "stale"


def test_a_store_that_is_locked_or_damaged_is_read_around(node: Node, container: Container) -> None:
    with node.agent_running():
        pass
    with closing(sqlite3.connect(node.store)) as db:
        db.execute("BEGIN EXCLUSIVE")
        done = node.run("vm/monitor")
        assert done.returncode == 0
        assert NAME in done.stdout
        assert "stayed locked" in done.stderr
        db.rollback()
    node.store.write_bytes(b"x" * 8192)
    done = node.run("vm/monitor")
    assert (done.returncode, "is not a SQLite database" in done.stderr) == (0, True)
    assert NAME in done.stdout


@pytest.mark.parametrize(
    ("words", "stdin", "says"),
    [
        ((), b"", "stdin is empty"),
        ((), b"<MONITOR_CONFIGURATION>", "is not XML: no element found"),
        ((), CAPTURED.replace(b"<NETWORK>", b"<NETWORK"), "is not XML"),
        ((), b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "document type or entities"),
        (("kmv", "1", "host"), CAPTURED, "'kmv' is not among monitord's drivers"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_one_clear_sentence(
    node: Node, words: tuple[str, ...], stdin: bytes, says: str
) -> None:
    done = node.run("vm/monitor", *words, stdin=stdin)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_unknown_directory_says_which_there_are(node: Node) -> None:
    done = node.run("vm/statsu")
    assert done.returncode == 1
    assert done.stderr.startswith("nebulxc-probe: usage: nebulxc-probe {host/monitor,host/system,")


def test_a_node_configuration_that_is_wrong_is_named(node: Node) -> None:
    (node.base / "probes.toml").write_text("[store]\ndirectori = 'x'\n")
    done = node.run("vm/monitor")
    assert done.returncode == 1
    assert 'probes.toml:2: store.directori: unknown key, did you mean "directory"?' in done.stderr


@pytest.mark.parametrize("directory", ["host/system", "host/monitor", "vm/status", "vm/monitor"])
def test_each_script_of_the_remotes_calls_a_probe_that_there_is(directory: str) -> None:
    scripts = [
        path for path in (OURS / "remotes/im/nebulxc-probes.d" / directory).iterdir()
        if os.access(path, os.X_OK)
    ]  # fmt: skip
    assert scripts
    for script in scripts:
        called = script.read_text().split("nebulxc-probe ")[-1].split()[0]
        assert called in probe.DIRECTORIES
