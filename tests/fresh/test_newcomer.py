"""README's first command on a Debian on which nothing was installed yet."""

import json
import subprocess
import time
from collections.abc import Iterator

import pytest
from fresh.machine import FreshMachine, fresh_machine
from vm.settings import RELEASES, Release

pytestmark = [pytest.mark.host, pytest.mark.slow, pytest.mark.timeout(900)]

DEMO = ["nebulxc-demo-1", "nebulxc-demo-2"]
PAGE = "http://127.0.0.1:8642"
READ = "import sys, urllib.request as web; print(web.urlopen(sys.argv[1]).read().decode())"
GET = f"/usr/bin/python3 -c '{READ}'"
NEBULXC = ".venv/bin/nebulxc"


@pytest.mark.parametrize("release", RELEASES.values(), ids=lambda release: release.codename)
def test_one_command_shows_two_containers(release: Release) -> None:
    with fresh_machine(release) as machine:
        assert "python3" not in machine.run("ls /usr/bin")
        running = machine.popen("echo $$ > /run/agent && exec scripts/run --demo 2>/run/errors")
        greeting = list(_greeting(running, release))
        assert f"The page: {PAGE}/" in greeting, (greeting, machine.run("cat /run/errors"))
        _look(machine)
        machine.run("kill -INT $(cat /run/agent)")
        rest = running.communicate(timeout=60)
        assert running.returncode == 0, rest
        assert "nebulxc-demo" not in machine.run("ls /sys/class/net /var/lib/nebulxc/demo")


def _greeting(running: "subprocess.Popen[str]", release: Release) -> Iterator[str]:
    """The lines up to the last one of success, and on the terminal how long each step took."""
    began = time.monotonic()
    assert running.stdout is not None
    for line in running.stdout:
        print(f"{release.title}, {time.monotonic() - began:3.0f} s: {line}", end="")
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
