"""All of a container with systemd is told, though init and services have cgroups of their own."""

import pytest
from support.busybox import Busybox, Container, until
from support.collecting import collecting, values

pytestmark = pytest.mark.host


def test_it_has_booted(debian: Container) -> None:
    assert debian.attach("systemctl", "is-system-running", check=False).strip() == "running"


def test_its_services_count(busybox: Busybox, debian: Container) -> None:
    with collecting(busybox.lxc_path) as collector:
        before = collector.read()
        tasks = values(before, "lxc_pids", debian.name)[()]
        assert tasks >= len(debian.attach("ps", "-e", "-o", "pid=").split()) - 2

        def used() -> float:
            metric = "lxc_cpu_usage_seconds_total"
            now = values(collector.read(), metric, debian.name)[()]
            return now - values(before, metric, debian.name)[()]

        loop = ("/bin/sh", "-c", "while :; do :; done")
        debian.attach("systemd-run", "--unit=load", *loop)
        until(lambda: used() > 1, "a second of the service's CPU time")
        debian.attach("systemctl", "stop", "load")
