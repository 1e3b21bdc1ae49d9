"""Which container a cgroup is of."""

from pathlib import Path

import pytest

from collector.naming import Name, is_payload, resolve

PATHS = (Path("/nowhere"),)


@pytest.mark.parametrize(
    ("directory", "title", "name", "lxc_path"),
    [
        ("lxc.payload.web", "/var/lib/lxc web", "web", "/var/lib/lxc"),
        ("lxc.payload.web-1", "/var/lib/lxc web", "web", "/var/lib/lxc"),
        ("lxc.payload.web-1", "/var/lib/lxc web-1", "web-1", "/var/lib/lxc"),
        ("lxc.payload.web-1-2", "/var/lib/lxc web-1", "web-1", "/var/lib/lxc"),
        ("lxc.payload.my web", "/srv/my lxc my web", "my web", "/srv/my lxc"),
        ("lxc.payload.naïve ☃", "/var/lib/lxc naïve ☃", "naïve ☃", "/var/lib/lxc"),
        ("web", "/var/lib/lxc web", "web", "/var/lib/lxc"),
        ("custom", "/var/lib/lxc web", "web", "/var/lib/lxc"),
    ],
)
def test_the_monitors_title_tells(directory: str, title: str, name: str, lxc_path: str) -> None:
    monitor = (f"[lxc monitor] {title}".encode(),)
    assert resolve(directory, monitor, PATHS) == Name(name, lxc_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ("-F", "-n", "web", "-P", "/srv/lxc"),
        ("-F", "--name=web", "--lxcpath=/srv/lxc"),
        ("-nweb", "-P/srv/lxc"),
        ("-P", "/srv/lxc", "web"),
    ],
)
def test_a_monitor_in_the_foreground_keeps_its_arguments(arguments: tuple[str, ...]) -> None:
    monitor = (b"/usr/bin/lxc-start", *(word.encode() for word in arguments))
    assert resolve("lxc.payload.web-1", monitor, PATHS) == Name("web", "/srv/lxc")


def test_without_a_monitor_the_configurations_decide(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web/config").touch()
    assert resolve("lxc.payload.web-1", (), (tmp_path,)) == Name("web", str(tmp_path))
    (tmp_path / "web-1").mkdir()
    (tmp_path / "web-1/config").touch()
    assert resolve("lxc.payload.web-1", (), (tmp_path,)) == Name("web-1", str(tmp_path))
    assert resolve("lxc.payload.db-1", (), (tmp_path,)) == Name("db-1", None)


def test_which_directories_are_containers() -> None:
    assert is_payload("lxc.payload.a", "/sys/fs/cgroup/freezer")
    assert is_payload("a", "/sys/fs/cgroup/freezer/lxc")
    assert not is_payload("lxc.monitor.a", "/sys/fs/cgroup/freezer")
    assert not is_payload("a", "/sys/fs/cgroup/freezer/docker")
