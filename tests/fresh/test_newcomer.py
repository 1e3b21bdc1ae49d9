"""README's commands on a Debian on which nothing was installed yet."""

import json
import subprocess
import time
from collections.abc import Iterator

import pytest
from fresh.machine import FreshMachine

pytestmark = [pytest.mark.host, pytest.mark.slow, pytest.mark.timeout(900)]

DEMO = ["nebulxc-demo-1", "nebulxc-demo-2"]
PAGE = "http://127.0.0.1:8642"
READ = "import sys, urllib.request as web; print(web.urlopen(sys.argv[1]).read().decode())"
GET = f"/usr/bin/python3 -c '{READ}'"
NEBULXC = ".venv/bin/nebulxc"
ENV = "/opt/nebulxc/bin"


def test_one_command_shows_two_containers(machine: FreshMachine) -> None:
    assert "python3" not in machine.run("ls /usr/bin")
    running = machine.popen("echo $$ > /run/agent && exec scripts/run --demo 2>/run/errors")
    greeting = list(_greeting(running))
    assert f"The page: {PAGE}/" in greeting, (greeting, machine.run("cat /run/errors"))
    _look(machine)
    machine.run("kill -INT $(cat /run/agent)")
    rest = running.communicate(timeout=200)
    assert running.returncode == 0, rest
    assert "nebulxc-demo" not in machine.run("ls /sys/class/net /var/lib/nebulxc/demo")


def test_a_node_is_installed_as_a_service_and_taken_off_again(machine: FreshMachine) -> None:
    before = machine.run("find /etc /usr/local /opt | sort")
    assert "would create the environment" in machine.run(f"{NEBULXC} install node --dry-run")
    assert machine.run("find /etc /usr/local /opt | sort") == before
    print(machine.run(f"{NEBULXC} install node", timeout=600))
    assert machine.run(f"{NEBULXC} install node") == "nothing to do\n"
    assert _modes(machine) == {
        "/etc/nebulxc/nebulxc.toml": "640 root nebulxc",
        "/opt/nebulxc": "755 root root",
        "/var/lib/nebulxc/store": "2750 root nebulxc",
    }
    _units_are_valid(machine)
    _agent_and_page_run_from_it(machine)
    print(machine.run(f"{NEBULXC} install node --remove"))
    after = machine.run("find /etc /usr/local /opt | sort")
    assert [line for line in after.splitlines() if "nebulxc" in line] == []
    assert machine.run("ls /var/lib/nebulxc/store").split() != []


def _modes(machine: FreshMachine) -> dict[str, str]:
    paths = "/etc/nebulxc/nebulxc.toml /opt/nebulxc /var/lib/nebulxc/store"
    said = machine.run(f"stat -c '%n %a %U %G' {paths}")
    return {path: words for path, _, words in (line.partition(" ") for line in said.splitlines())}


def _units_are_valid(machine: FreshMachine) -> None:
    machine.run("apt-get install -y --no-install-recommends systemd >/dev/null", timeout=300)
    units = "/etc/systemd/system/nebulxc-agent.service /etc/systemd/system/nebulxc-page.service"
    assert machine.run(f"systemd-analyze verify --man=no {units} 2>&1") == ""


def _agent_and_page_run_from_it(machine: FreshMachine) -> None:
    """What the units start, started by hand: systemd does not run here."""
    user = "setpriv --reuid=nebulxc --regid=nebulxc --clear-groups"
    agent = machine.popen(f"echo $$ > /run/agent && exec {ENV}/nebulxc agent --no-page")
    page = machine.popen(
        f"echo $$ > /run/page && exec {user} {ENV}/python3 -I -m control.services.page"
    )
    try:
        deadline = time.monotonic() + 120
        while '"status":"ok"' not in machine.run(f"{GET} {PAGE}/healthz || true"):
            assert time.monotonic() < deadline, "the page never answered"
            time.sleep(1)
        assert "lxc_host_load1" in machine.run(f"{user} {ENV}/nebulxc query lxc_host_load1")
        assert machine.run("nebulxc version").startswith("nebulxc ")
    finally:
        machine.run("kill $(cat /run/agent) $(cat /run/page)")
        for process in (agent, page):
            process.communicate(timeout=200)
    assert (agent.returncode, page.returncode) == (0, 0)


def _greeting(running: "subprocess.Popen[str]") -> Iterator[str]:
    """The lines up to the last one of success, and on the terminal when each came."""
    began = time.monotonic()
    assert running.stdout is not None
    for line in running.stdout:
        print(f"{time.monotonic() - began:3.0f} s: {line}", end="")
        yield line.rstrip()
        if line.startswith("Ctrl-C"):
            return


def _look(machine: FreshMachine) -> None:
    """As the README says: the page, its API, and the terminal."""
    assert "<html" in machine.run(f"{GET} {PAGE}/")
    known = json.loads(machine.run(f"{GET} {PAGE}/api/containers"))
    assert {item["name"] for item in known["containers"]} >= set(DEMO)
    frame = machine.run(f"{NEBULXC} top --once")
    assert all(name in frame for name in DEMO)
    read = json.loads(machine.run(f"{NEBULXC} sample --json"))
    assert {s["labels"].get("container") for s in read["samples"]} >= set(DEMO)
