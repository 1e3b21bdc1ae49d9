"""What a node gets for OpenNebula's driver: packages, ids, sudo, the group; and its going."""

import grp
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.installation import run
from support.steps import applied, removed

from control.install import node, opennebula
from control.install.containers import Containers
from control.install.opennebula import Member, Sudoers
from control.install.packages import Packages
from control.install.subids import Subids
from control.problem import Problem
from vmm.host import Host
from vmm.policy import NodePolicy

pytestmark = pytest.mark.host

USER = f"nxid{os.getpid()}"
GRANT = "root:1100000000:536870912"


@pytest.fixture
def user() -> Iterator[str]:
    """A user and a group of that name."""
    run("useradd", "--system", "--user-group", "--no-create-home", USER)
    yield USER
    run("userdel", USER)


@pytest.mark.parametrize("before", ["", "root:100000:65536\n", "a:1:2\nno newline"])
def test_the_pool_is_granted_beside_what_is_there(tmp_path: Path, before: str) -> None:
    path = tmp_path / "subuid"
    path.write_text(before)
    path.chmod(0o600)
    step = Subids(path, NodePolicy())
    assert step.missing() == f"add {GRANT} to {path}"
    applied(step)
    assert path.read_text().splitlines() == [*before.splitlines(), GRANT]
    assert path.stat().st_mode & 0o777 == 0o600
    removed(step)
    assert path.read_text().splitlines() == before.splitlines()
    assert os.listdir(tmp_path) == ["subuid"]


def test_a_line_that_covers_the_pool_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "subuid"
    path.write_text("0:1000000000:1000000000\n")
    step = Subids(path, NodePolicy())
    assert (step.missing(), step.leftover()) == ("", "")


def test_a_missing_file_is_made(tmp_path: Path) -> None:
    applied(Subids(tmp_path / "subuid", NodePolicy()))
    assert (tmp_path / "subuid").stat().st_mode & 0o777 == 0o644


def test_a_user_joins_a_group_and_leaves_it(user: str) -> None:
    step = Member(user, "daemon", Host())
    applied(step)
    assert user in grp.getgrnam("daemon").gr_mem
    removed(step)


def test_without_opennebula_there_is_nothing_to_do(tmp_path: Path) -> None:
    nobody = f"{USER}x"
    for step in (
        Member(nobody, "daemon", Host()),
        Sudoers(tmp_path / "nebulxc", "x", Host(), nobody),
    ):
        assert (step.missing(), step.leftover()) == ("", "")


def test_sudo_gets_what_visudo_accepts(tmp_path: Path, user: str) -> None:
    text = (Path(node.__file__).parents[1] / "nebulxc.sudoers").read_text()
    step = Sudoers(tmp_path / "nebulxc", text.replace(opennebula.USER, user), Host(), user)
    applied(step)
    status = step.path.stat()
    assert (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (0o440, 0, 0)
    for spoil in (lambda: step.path.chmod(0o644), lambda: step.path.write_text("")):
        spoil()
        assert step.missing() == f"put back {step.path} (0440)"
        applied(step)
    removed(step)
    assert os.listdir(tmp_path) == []


def test_sudo_never_gets_what_visudo_refuses(tmp_path: Path, user: str) -> None:
    step = Sudoers(tmp_path / "nebulxc", f"{user} ALL = what is this\n", Host(), user)
    with pytest.raises(Problem, match="sudo would not read"):
        step.apply()
    assert os.listdir(tmp_path) == []


def test_packages_that_are_there_are_left_alone() -> None:
    assert Packages(("coreutils", "dpkg"), Host()).missing() == ""
    assert Packages(("coreutils", "nxid-none"), Host()).missing() == "install nxid-none"


def test_what_apt_cannot_install_is_told_with_a_way_on() -> None:
    with pytest.raises(Problem, match="try: apt-get update; apt-get install nxid-none"):
        Packages(("nxid-none",), Host()).apply()


def test_no_container_is_nothing_to_remove(tmp_path: Path) -> None:
    step = Containers(NodePolicy(state=str(tmp_path / "ct")), Host(), tmp_path / "retired")
    assert (step.missing(), step.leftover()) == ("", "")
    (tmp_path / "retired").touch()
    removed(step)
    assert not (tmp_path / "retired").exists()
