"""What a demo leaves when the host does not do as it is told."""

from pathlib import Path

import pytest

from control.demo import stage
from control.problem import Problem
from vmm.errors import CommandError
from vmm.host import Host


class Refusing(Host):
    """Refuses to delete a bridge."""

    def run(self, *argv: str, **_: object) -> str:
        if argv[:3] == ("ip", "link", "delete"):
            raise CommandError(argv, 1, "busy", "")
        return ""


def test_a_bridge_that_stays_is_told_and_the_files_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "_NETWORK_CLASS", tmp_path / "net")
    monkeypatch.setattr(stage, "CGROUPS", tmp_path / "cgroup")
    (tmp_path / "net/shown0/bridge").mkdir(parents=True)
    (tmp_path / "cgroup").mkdir()
    rootfs = tmp_path / "demo/shown/shown-1/rootfs"
    rootfs.mkdir(parents=True)
    with pytest.raises(Problem, match="bridge shown0 is left behind"):
        stage.clear("shown", Refusing(), tmp_path / "demo")
    assert not (tmp_path / "demo/shown").exists()


@pytest.mark.parametrize("name", ["", "Upper", "a" * 15, "../x", "1st", "a b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Problem, match="cannot name a demo"):
        stage.check(name)
