"""The agent as a unit of systemd's: it says when it is ready, ends in order, comes back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boxes.box import Make
from boxes.shell import sh, until

pytestmark = pytest.mark.guest

NAME = "agent-under-test"
UNIT = Path(f"/run/systemd/system/{NAME}.service")
PYTHON = "/opt/nebulxc-test/bin/python -I -c"
MAIN = "import sys; from control.cli import main; sys.exit(main())"

CONFIG = """\
[collector]
interval = "2s"
[store]
directory = "{store}"
reserve = "50MB"
[page]
enabled = false
"""
SERVICE = """\
[Service]
Type=notify
ExecStart={python} "{main}" agent --config {config}
Restart=always
TimeoutStartSec=300
"""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Path]:
    """A running agent; its configuration."""
    config = tmp_path / "nebulxc.toml"
    config.write_text(CONFIG.format(store=tmp_path / "store"), encoding="utf-8")
    sh("getent group nebulxc || groupadd --system nebulxc")
    text = SERVICE.format(python=PYTHON, main=MAIN, config=config)
    UNIT.write_text(text, encoding="utf-8")
    sh(f"systemctl daemon-reload; systemctl start {NAME} || journalctl -u {NAME} >&2", timeout=400)
    yield config
    sh(f"systemctl stop {NAME}; journalctl -n 50 --no-pager -u {NAME}", check=False)
    UNIT.unlink()
    sh("systemctl daemon-reload; systemctl reset-failed", check=False)


def shown(unit: str, name: str) -> str:
    return sh(f"systemctl show -P {name} {unit}").strip()


def stored(config: Path, metric: str, container: str) -> list[Any]:
    """Every reading of one series, as the command tells them; none yet at the beginning."""
    words = f"query {metric} --container {container} --step 0s --json --config {config}"
    said = sh(f"{PYTHON} '{MAIN}' {words}", check=False)  # refuses what was never stored
    series = json.loads(said)["series"] if said else []
    return [point for one in series for point in one["points"]]


def test_it_is_ready_when_its_first_cycle_is_stored(make: Make, agent: Path) -> None:
    assert shown(NAME, "ActiveState") == "active"
    make("one-2")
    points = until(lambda: stored(agent, "lxc_pids", "one-2"))
    assert points


def test_it_is_stopped_in_order_and_containers_stay(make: Make, agent: Path) -> None:
    box = make("one-2")
    init = box.init_pid
    sh(f"systemctl stop {NAME}", timeout=300)
    assert shown(NAME, "Result") == "success"
    assert box.running_pid() == init


def test_it_comes_back_after_a_kill_and_keeps_what_it_had(make: Make, agent: Path) -> None:
    make("one-2")
    before = len(until(lambda: stored(agent, "lxc_pids", "one-2")))
    pid = shown(NAME, "MainPID")
    sh(f"kill -9 {pid}")
    until(lambda: shown(NAME, "MainPID") not in {"0", pid} and shown(NAME, "SubState") == "running")
    until(lambda: len(stored(agent, "lxc_pids", "one-2")) > before)
