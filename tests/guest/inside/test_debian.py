"""A Debian container with systemd, as users run it, under AppArmor in force."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from boxes.box import Box, Make
from boxes.making import containers
from boxes.reading import Read
from boxes.shell import until

pytestmark = pytest.mark.guest

NESTING = ("lxc.apparmor.profile = generated", "lxc.apparmor.allow_nesting = 1")
STRICT = ("lxc.apparmor.profile = generated",)


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A Debian with systemd as its init, booted: half a minute, so one for all these tests."""
    with containers(tmp_path_factory.mktemp("logs")) as make:
        box = make("one-12", root="debian")
        box.state()
        yield box


def profile(box: Box) -> str:
    return Path(f"/proc/{box.init_pid}/attr/current").read_text(encoding="utf-8")


def test_boots_and_everything_is_told(debian: Box, read: Read) -> None:
    assert debian.state() == "running"
    before = int(debian.file("memory.current"))
    now = read()
    after = int(debian.file("memory.current"))
    for metric in ("lxc_memory_usage_bytes", "lxc_cpu_usage_seconds_total", "lxc_pids"):
        assert now.value(metric, container="one-12") > 0
    # systemd's init is in a cgroup below LXC's: the whole container is told, not its init
    assert Path(f"/proc/{debian.init_pid}/cgroup").read_text("ascii").strip().endswith("init.scope")
    assert now.value("lxc_pids", container="one-12") >= 5
    told = now.value("lxc_memory_usage_bytes", container="one-12")
    assert 0.9 * min(before, after) <= told <= 1.1 * max(before, after)


def test_boots_under_a_generated_profile_that_permits_nesting(make: Make, read: Read) -> None:
    box = make("one-13", root="debian", config=NESTING)
    assert box.state() == "running"
    assert "(enforce)" in profile(box)
    assert read().value("lxc_state", container="one-13", state="running") == 1


def test_a_strict_profile_denies_and_is_told_all_the_same(make: Make, read: Read) -> None:
    """Without nesting systemd cannot mount credentials: logind and others fail, the rest runs."""
    box = make("one-14", root="debian", config=STRICT)
    assert box.state() == "degraded"
    assert "(enforce)" in profile(box)
    # The container's root may not make /sys writable: AppArmor's answer, not the owner's. It
    # answers for mount(2) alone: mount_setattr(2), which newer mount programs use, it does not see.
    remount = "LIBMOUNT_FORCE_MOUNT2=always mount -o remount,rw /sys 2>/dev/null; echo $?"
    assert box.run(remount, check=False).strip() != "0"
    assert read().value("lxc_memory_usage_bytes", container="one-14") > 0


def test_a_service_inside_is_part_of_the_container(debian: Box, read: Read) -> None:
    metric = "lxc_cpu_usage_seconds_total"
    before = read().value(metric, container="one-12")
    debian.run("systemd-run --unit=load /bin/sh -c 'while :; do :; done'")
    loop = debian.process("while :")
    assert "system.slice/load.service" in Path(f"/proc/{loop}/cgroup").read_text("ascii")
    until(lambda: read().value(metric, container="one-12") > before + 2)
    debian.run("systemctl stop load")


def test_reboot_from_inside_is_another_life(debian: Box, read: Read) -> None:
    init, before = debian.init_pid, read()
    debian.run("systemctl reboot", check=False)
    until(lambda: debian.running_pid() not in {0, init})
    debian.state()
    after = read()
    assert after.generations["one-12"] != before.generations["one-12"]
    assert after.value("lxc_state", container="one-12", state="running") == 1
