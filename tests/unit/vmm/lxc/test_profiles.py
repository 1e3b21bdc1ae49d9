import os
from pathlib import Path

import pytest

from vmm.errors import DriverError, SpecError
from vmm.lxc import profiles
from vmm.policy import NodePolicy, RawPolicy
from vmm.spec import RawLine

TEXT = "# comment\nlxc.tty.max = 2\nlxc.hook.start = /bin/evil\n"


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NodePolicy:
    """A profile that everybody may write; whoever runs the tests passes for root."""
    monkeypatch.setattr(profiles, "TRUSTED", {0, os.geteuid()})
    (tmp_path / "web").write_text(TEXT)
    (tmp_path / "web").chmod(0o666)
    return NodePolicy(profiles=str(tmp_path))


def test_a_profile_that_others_can_write_is_filtered(policy: NodePolicy) -> None:
    found = profiles.load(("web",), policy)
    assert [line.key for line in found.lines] == ["lxc.tty.max"]
    assert "lxc.hook.start is not allowed on this node" in found.warnings[0]
    assert "/web" in found.warnings[0]


def test_a_strict_node_refuses_it(policy: NodePolicy) -> None:
    strict = NodePolicy(profiles=policy.profiles, raw=RawPolicy.REFUSE)
    with pytest.raises(SpecError, match=r"lxc\.hook\.start"):
        profiles.load(("web",), strict)


def test_a_profile_of_roots_passes_whole(policy: NodePolicy) -> None:
    Path(policy.profiles, "web").chmod(0o644)
    found = profiles.load(("web",), policy)
    assert [line.key for line in found.lines] == ["lxc.tty.max", "lxc.hook.start"]


def test_a_profile_of_roots_may_add_hooks_and_clear_what_was_set(policy: NodePolicy) -> None:
    path = Path(policy.profiles, "web")
    path.write_text("lxc.cap.drop =\nlxc.hook.pre-start = /usr/local/bin/prepare\n")
    path.chmod(0o644)
    found = profiles.load(("web",), policy)
    assert found.lines == (
        RawLine("lxc.cap.drop", ""),
        RawLine("lxc.hook.pre-start", "/usr/local/bin/prepare"),
    )


def test_a_profile_of_roots_that_is_malformed_is_refused_by_its_name(policy: NodePolicy) -> None:
    path = Path(policy.profiles, "web")
    path.write_text("lxc.tty.max: 2\n")
    path.chmod(0o644)
    with pytest.raises(DriverError, match=r"/web: 'lxc\.tty\.max: 2' is not a line"):
        profiles.load(("web",), policy)


def test_a_directory_that_others_can_write_spoils_it(policy: NodePolicy) -> None:
    Path(policy.profiles, "web").chmod(0o644)
    Path(policy.profiles).chmod(0o777)
    assert [line.key for line in profiles.load(("web",), policy).lines] == ["lxc.tty.max"]


def test_a_missing_profile_is_a_warning(policy: NodePolicy) -> None:
    found = profiles.load(("nope",), policy)
    assert (found.lines, len(found.warnings)) == ((), 1)


def test_links_pipes_and_huge_files_are_refused(policy: NodePolicy) -> None:
    base = Path(policy.profiles)
    (base / "link").symlink_to("/etc/shadow")
    os.mkfifo(base / "pipe")
    (base / "huge").write_bytes(b"#" * (profiles.MAX_BYTES + 1))
    (base / "latin").write_bytes(b"\xff")
    for name in ("link", "pipe", "huge", "latin"):
        with pytest.raises(DriverError, match=f"{name} cannot be read"):
            profiles.load((name,), policy)


def test_a_link_on_the_way_is_refused_too(policy: NodePolicy, tmp_path: Path) -> None:
    """Else oneadmin could have the first words of any file told in a warning."""
    (tmp_path / "profiles").symlink_to("/etc")
    with pytest.raises(DriverError, match="passwd cannot be read"):
        profiles.load(("passwd",), NodePolicy(profiles=str(tmp_path / "profiles")))
