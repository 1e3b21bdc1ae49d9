"""The agent as a service manager and an administrator meet it."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.children import child

pytestmark = [pytest.mark.host, pytest.mark.timeout(300)]

TOP = Path(__file__).parents[3]
COMMAND = TOP / ".venv" / "bin" / "nebulxc"
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "nebulxc.toml"
    path.write_text(f'[collector]\ninterval = "1s"\n[store]\ndirectory = "{tmp_path}/store"\n')
    return path


@contextlib.contextmanager
def listening() -> Iterator[socket.socket]:
    """What a service manager listens on. The path of a Unix socket has to be short."""
    with (
        tempfile.TemporaryDirectory(dir="/run") as directory,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        manager.bind(f"{directory}/notify")
        manager.settimeout(60)
        yield manager


def test_it_tells_the_service_manager_how_it_is(config: Path) -> None:
    with listening() as manager, notifying(config, manager) as agent:
        said = [manager.recv(4096).decode() for _ in range(2)]
        agent.send_signal(signal.SIGTERM)
        while said[-1] != "STOPPING=1":  # a heartbeat may have been before the signal
            said.append(manager.recv(4096).decode())
        agent.communicate(timeout=60)
    assert said[:2] == ["READY=1", "WATCHDOG=1"]
    assert set(said[2:-1]) <= {"WATCHDOG=1"}
    assert agent.returncode == 0


def notifying(config: Path, manager: socket.socket) -> contextlib.AbstractContextManager[Any]:
    """An agent that tells `manager` how it is."""
    environment = {**os.environ, "NOTIFY_SOCKET": manager.getsockname()}
    argv = [COMMAND, "agent", "--no-page", "--config", config]
    return child(argv, env=environment, stderr=subprocess.PIPE)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_stops_whatever_it_is_doing(config: Path) -> None:
    """In the middle of telling that it is ready, and at moments spread over its whole start."""
    started = time.monotonic()
    with listening() as manager, notifying(config, manager) as agent:
        manager.recv(4096)
        agent.send_signal(signal.SIGTERM)
        start_s = time.monotonic() - started
        assert ended(agent) == 0
    for part in range(1, 13, 2):
        with listening() as manager, notifying(config, manager) as agent:
            time.sleep(start_s * part / 10)
            agent.send_signal(signal.SIGTERM)
            # Before it has anything to undo, the signal may end it as it does any program.
            assert ended(agent) in {0, -signal.SIGTERM}


def ended(agent: "subprocess.Popen[bytes]") -> int:
    """Its exit status; it has a minute, and said nothing that is an error."""
    said = agent.communicate(timeout=60)[1].decode()
    assert "Traceback" not in said, said
    return agent.returncode


def test_it_leaves_a_store_that_a_killed_one_cannot_spoil(config: Path) -> None:
    before = 0
    for number in (signal.SIGKILL, signal.SIGHUP):
        argv = [COMMAND, "agent", "--no-page", "--config", config]
        with child(argv, stderr=subprocess.PIPE) as agent:
            before = _until_stored(config, before)
            agent.send_signal(number)
            agent.communicate(timeout=60)
            assert agent.returncode in {0, -signal.SIGKILL}, "it had not begun"
    done = subprocess.run(
        [COMMAND, "query", "lxc_host_load1", "--step", "0s", "--config", config],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) > 2


def _until_stored(config: Path, before: int = 0) -> int:
    """Wait until `query` finds more than `before`; how much."""
    argv = [COMMAND, "query", "lxc_host_load1", "--since", "1h", "--step", "0s", "--config", config]
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        if (found := len(done.stdout.splitlines()) - 1) > before:  # less the heading
            return found
        time.sleep(0.2)
    raise AssertionError("nothing was stored")


@pytest.mark.parametrize("script", ["run", "test", "bench"])
def test_scripts_need_root_and_say_so(script: str) -> None:
    done = subprocess.run(
        [*AS_NOBODY, TOP / "scripts" / script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"scripts/{script}: must run as root, because LXC and cgroups need it:"
        f" sudo scripts/{script}\n"
    )


def test_the_agent_needs_root_and_says_so(config: Path) -> None:
    done = subprocess.run(
        [*AS_NOBODY, COMMAND, "agent"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("nebulxc agent: must run as root")
    assert done.stderr.count("\n") == 1


def test_a_store_that_is_none_is_one_sentence(config: Path, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "nebulxc.sqlite").write_bytes(b"not a database" * 1000)
    done = subprocess.run(
        [COMMAND, "agent", "--no-page", "--config", config],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("nebulxc agent: ")
    assert "Traceback" not in done.stderr


def test_a_page_that_all_could_reach_is_refused_at_once(config: Path) -> None:
    config.write_text(config.read_text() + '[page]\nlisten = "0.0.0.0:8642"\n')
    done = subprocess.run(
        [COMMAND, "agent", "--config", config],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("nebulxc agent: page.listen = '0.0.0.0:8642' ")


def test_nothing_in_a_span_is_told_with_when_there_was_something(config: Path) -> None:
    argv = [COMMAND, "agent", "--no-page", "--config", config]
    with child(argv, stderr=subprocess.PIPE) as agent:
        _until_stored(config)
        agent.send_signal(signal.SIGTERM)
        agent.communicate(timeout=60)
    time.sleep(1.1)  # what was read is then older than what is asked for
    done = subprocess.run(
        [COMMAND, "query", "lxc_host_load1", "--since", "1s", "--step", "0s", "--config", config],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(
        "nebulxc query: nothing was read of lxc_host_load1 in the last 1s;"
    )


def test_a_port_in_use_is_one_sentence(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        listen = f"127.0.0.1:{server.getsockname()[1]}"
        config.write_text(config.read_text() + f'[page]\nlisten = "{listen}"\n')
        done = subprocess.run(
            [COMMAND, "agent", "--greet", "--config", config],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"nebulxc agent: {listen} is in use: ")
