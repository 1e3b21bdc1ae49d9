"""`nebulxc install node` under systemd, from the first installation to its removal.

The tests stand in the order of a node's life: each finds what the one before it left.
"""

import json
import pwd
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from boxes.box import Box
from boxes.kept import Kept
from boxes.making import containers
from boxes.shell import sh, until

from control.install.node import BOOT_UNITS, UNITS

pytestmark = [pytest.mark.guest, pytest.mark.timeout(2400)]

CHECKOUT, NEWER = Path("/root/nebulxc"), Path("/root/nebulxc-newer")
WHEELS = "/opt/wheels"
PYTHON = "/opt/nebulxc-test/bin/python"
MAIN = "import sys; sys.path.insert(0, '{}'); from control.cli import main; sys.exit(main())"
CONFIG = Path("/etc/nebulxc/nebulxc.toml")
PAGE = "http://127.0.0.1:8642"
QUERY = "query lxc_pids --container {} --since 1d --step 0s --json"
VERSION = re.compile(r'^version = "(.*)"$', re.MULTILINE)


def nebulxc(words: str, checkout: Path) -> str:
    """What the command of a checkout says."""
    return sh(f'{PYTHON} -I -c "{MAIN.format(checkout)}" {words}', timeout=2000)


def install(*words: str, checkout: Path = CHECKOUT) -> str:
    """What `nebulxc install node` of a checkout says."""
    return nebulxc(f"install node {' '.join(words)}", checkout)


def places() -> str:
    """Everything an installation could change; the store's files change by themselves."""
    told = "-printf '%p %y %m %u %g %l %T@\\n'"
    files = f"find /etc /opt /usr/local -ignore_readdir_race -path /opt/roots -prune -o {told}"
    data = "find /var/lib/nebulxc -maxdepth 1 -printf '%p %y %m %u %g\\n' 2>/dev/null"
    return sh(f"{{ {files}; {data}; }} | sort; getent passwd; getent group")


def shown(unit: str, name: str) -> str:
    return sh(f"systemctl show -P {name} {unit}").strip()


def process(unit: str) -> dict[str, str]:
    """What the kernel says of a unit's main process."""
    text = Path(f"/proc/{shown(unit, 'MainPID')}/status").read_text(encoding="ascii")
    return {name: value.strip() for name, _, value in (s.partition(":") for s in text.splitlines())}


def page(path: str) -> str:
    """What the page answers; "" while it does not, or not yet with what was asked for."""
    try:
        with urllib.request.urlopen(PAGE + path, timeout=60) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def told_by_the_page(container: str) -> set[str]:
    """The metrics of a container that the page has of the last cycle."""
    wanted = f'container="{container}"'
    return {line.partition("{")[0] for line in page("/metrics").splitlines() if wanted in line}


def told_by_root(container: str) -> set[str]:
    """The metrics of a container that root reads without any unit's restrictions."""
    read = json.loads(sh("nebulxc sample --json"))["samples"]
    return {s["metric"] for s in read if s["labels"].get("container") == container}


def times(said: str) -> list[float]:
    """When the readings were taken that a query told, whatever the host was called then."""
    return sorted(time for one in json.loads(said)["series"] for time, *_ in one["points"])


def readings(container: str) -> list[float]:
    """The times of all stored readings of a container."""
    return times(sh(f"nebulxc {QUERY.format(container)}"))


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A container that runs through all of it."""
    with containers(tmp_path_factory.mktemp("logs")) as make:
        yield make("one-20")


@pytest.fixture(scope="module")
def init(box: Box) -> int:
    """Its init at the beginning."""
    return box.init_pid


@pytest.fixture(scope="module", autouse=True)
def nothing_left(init: int) -> Iterator[None]:
    """Whatever a failed test left is taken off again."""
    yield
    install("--remove")
    sh(f"rm -rf {CONFIG.parent} /var/lib/nebulxc {NEWER}; systemctl reset-failed", check=False)


def test_a_dry_run_changes_nothing() -> None:
    before = places()
    said = install("--dry-run", "--wheels", WHEELS)
    assert "would create the environment /opt/nebulxc" in said
    assert f"would enable and start {', '.join(UNITS)}" in said
    assert places() == before


def test_it_is_installed_from_wheels_and_runs(kept: Kept) -> None:
    said = install("--wheels", WHEELS)
    kept.keep()
    assert "create the environment /opt/nebulxc" in said
    for unit in (*UNITS, *BOOT_UNITS):
        assert shown(unit, "ActiveState") == "active"
        assert shown(unit, "UnitFileState") == "enabled"


def test_once_more_there_is_nothing_to_do() -> None:
    processes = [shown(unit, "MainPID") for unit in UNITS]
    before = places()
    assert install("--wheels", WHEELS) == "nothing to do\n"
    assert places() == before
    assert [shown(unit, "MainPID") for unit in UNITS] == processes


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/opt/nebulxc", "755 root root"),
        ("/etc/nebulxc", "755 root root"),
        ("/etc/nebulxc/nebulxc.toml", "640 root nebulxc"),
        ("/etc/nebulxc/nebulxc.toml.example", "644 root root"),
        ("/var/lib/nebulxc", "755 root nebulxc"),
        ("/var/lib/nebulxc/store", "2750 root nebulxc"),
        ("/etc/systemd/system/nebulxc-agent.service", "644 root root"),
        ("/etc/systemd/system/nebulxc-page.service", "644 root root"),
    ],
)
def test_owners_and_modes(path: str, wanted: str) -> None:
    assert sh(f"stat -c '%a %U %G' {path}").strip() == wanted


def test_the_stores_files_are_the_groups_to_read() -> None:
    files = list(Path("/var/lib/nebulxc/store").glob("*.sqlite*"))
    assert files
    for file in files:
        assert sh(f"stat -c '%a %U %G' {file}").strip() == "640 root nebulxc", file


def test_the_page_answers_and_its_user_owns_nothing() -> None:
    until(lambda: '"status":"ok"' in page("/healthz"))
    assert "<html" in page("/")
    user = pwd.getpwnam("nebulxc")
    running = process("nebulxc-page")
    assert running["Uid"].split() == [str(user.pw_uid)] * 4
    assert running["Gid"].split() == [str(user.pw_gid)] * 4
    assert int(running["CapEff"], 16) == int(running["CapBnd"], 16) == 0
    assert running["NoNewPrivs"] == "1"
    owned = sh(f"find / -ignore_readdir_race -xdev -user {user.pw_uid} -not -path '/proc/*'")
    assert owned == ""


def test_the_hardened_agent_reads_all_that_root_reads(box: Box) -> None:
    wanted = told_by_root(box.name)
    assert {"lxc_memory_usage_bytes", "lxc_network_receive_bytes_total"} <= wanted
    until(lambda: told_by_the_page(box.name) >= wanted)
    running = process("nebulxc-agent")
    assert running["NoNewPrivs"] == "1"
    assert int(running["CapBnd"], 16) == int(running["CapEff"], 16)
    assert not int(running["CapEff"], 16) & 1 << 21, "CAP_SYS_ADMIN"


@pytest.mark.parametrize("place", ["/etc", "/opt/nebulxc", "/root", "/home", "/usr"])
def test_the_agent_writes_its_store_alone(place: str) -> None:
    inside = f"nsenter --target {shown('nebulxc-agent', 'MainPID')} --mount"
    assert sh(f"{inside} touch /var/lib/nebulxc/probe && rm /var/lib/nebulxc/probe") == ""
    said = sh(f"{inside} touch {place}/probe 2>&1", check=False)
    assert "Read-only file system" in said


def test_it_needs_no_more_than_it_has(box: Box) -> None:
    """Nothing was refused to the agent since it started: no cycle counted an error."""
    errors = re.findall(r"^lxcmon_errors_total\{.*\} (\S+)$", page("/metrics"), re.MULTILINE)
    assert {float(value) for value in errors} <= {0.0}
    log = sh("journalctl -b -o cat -u nebulxc-agent -u nebulxc-page")
    assert "WARNING" not in log
    assert "ERROR" not in log


def test_a_changed_configuration_is_what_runs_after_a_restart() -> None:
    text = CONFIG.read_text(encoding="utf-8")
    CONFIG.write_text(text.replace('#host = ""', 'host = "node-7"'), encoding="utf-8")
    sh("systemctl restart nebulxc-agent nebulxc-page")
    until(lambda: 'host="node-7"' in page("/metrics"))


def test_an_upgrade_keeps_readings_configuration_and_containers(box: Box, init: int) -> None:
    shutil.copytree(CHECKOUT, NEWER)
    project = NEWER / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(VERSION.sub('version = "99.1"', text), encoding="utf-8")
    before, configured = readings(box.name), CONFIG.read_text(encoding="utf-8")
    processes = [shown(unit, "MainPID") for unit in UNITS]

    said = install("--wheels", WHEELS, checkout=NEWER)

    assert "renew the environment /opt/nebulxc" in said
    assert re.search(r"^start nebulxc-agent\.service, nebulxc-page\.service.* anew$", said, re.M)
    assert sh("nebulxc version").startswith("nebulxc 99.1 ")
    assert install("--wheels", WHEELS, checkout=NEWER) == "nothing to do\n"
    for unit, process_before in zip(UNITS, processes, strict=True):
        assert shown(unit, "ActiveState") == "active"
        assert shown(unit, "MainPID") != process_before
        assert shown(unit, "NRestarts") == "0"
    assert CONFIG.read_text(encoding="utf-8") == configured
    after = until(lambda: readings(box.name)[len(before) + 1 :])
    assert readings(box.name)[: len(before)] == before
    assert after
    assert box.running_pid() == init
    assert sorted(path.name for path in Path("/opt").glob("nebulxc*")) == [
        "nebulxc",
        "nebulxc-test",
    ]


def test_removed_it_leaves_what_is_the_administrators(box: Box, init: int) -> None:
    before = readings(box.name)
    install("--remove")
    assert install("--remove") == "nothing to do\n"
    for unit in (*UNITS, *BOOT_UNITS):
        assert shown(unit, "LoadState") == "not-found"
    where = "-name '*nebulxc*' -not -path '/opt/nebulxc-test*'"
    left = sh(f"find /etc /opt /usr/local /run -ignore_readdir_race {where}")
    # the configuration was changed: it is the administrator's
    assert left.split() == ["/etc/nebulxc", "/etc/nebulxc/nebulxc.toml"]
    assert page("/healthz") == ""
    assert sh("systemctl is-system-running", check=False).strip() == "running"
    assert box.running_pid() == init
    assert times(nebulxc(QUERY.format(box.name), CHECKOUT))[: len(before)] == before
