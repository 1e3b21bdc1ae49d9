"""All of a container with systemd is told, though init and services have cgroups of their own."""

import pytest
from support.busybox import Busybox, Container, until
from support.collecting import collecting, values

pytestmark = [pytest.mark.host, pytest.mark.timeout(1200)]  # its root may be made first


def test_it_has_booted(debian: Container) -> None:
    assert debian.attach("systemctl", "is-system-running", check=False).strip() == "running"


def test_its_services_count(busybox: Busybox, debian: Container) -> None:
    with collecting(busybox.lxc_path) as collector:

        def all_told() -> bool:
            """Not at once: what systemd starts meanwhile is in one of both only."""
            tasks = values(collector.read(), "lxc_pids", debian.name)[()]
            return tasks >= len(debian.attach("ps", "-e", "-o", "pid=").split()) - 2

        until(all_told, "as many tasks as ps sees")
        before = collector.read()

        def used() -> float:
            metric = "lxc_cpu_usage_seconds_total"
            now = values(collector.read(), metric, debian.name)[()]
            return now - values(before, metric, debian.name)[()]

        loop = ("/bin/sh", "-c", "while :; do :; done")
        debian.attach("systemd-run", "--unit=load", *loop)
        until(lambda: used() > 1, "a second of the service's CPU time")
        debian.attach("systemctl", "stop", "load")
