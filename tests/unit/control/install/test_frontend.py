import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from control.cli import main
from control.install.tree import Tree
from vmm.opennebula import arguments

ONED = 'VM_MAD = [\n  NAME = "lxc",\n  ARGUMENTS = "-t 15 -r 0 lxc"\n]\n'
MONITORD = 'IM_MAD = [ NAME = "lxc", EXECUTABLE = "one_im_ssh" ]\n'

Files = dict[str, tuple[str, int]]


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A front-end's directories with the stock driver registered."""
    (tmp_path / "remotes/vmm/lxc").mkdir(parents=True)
    (tmp_path / "remotes/im/lxc.d").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    for name, text in (("oned.conf", ONED), ("monitord.conf", MONITORD)):
        (tmp_path / "etc" / name).write_text(text)
        (tmp_path / "etc" / name).chmod(0o640)
    return tmp_path


@pytest.fixture
def install(one: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(*words: str) -> tuple[int, str]:
        places = ["--remotes", str(one / "remotes"), "--etc", str(one / "etc")]
        status = main(["install", "frontend", *places, *words])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def files(top: Path) -> Files:
    return {
        str(path.relative_to(top)): (path.read_text(), stat.S_IMODE(path.stat().st_mode))
        for path in top.rglob("*")
        if path.is_file()
    }


def test_a_dry_run_changes_nothing(one: Path, install: Callable[..., tuple[int, str]]) -> None:
    before = files(one)
    status, said = install("--dry-run", "--apply")
    assert (status, files(one)) == (0, before)
    for what in ("vmm/nebulxc/: attach_disk", "/im/: nebulxc-hooks", "oned.conf", "-p nebulxc"):
        assert what in said


def test_scripts_are_copied_and_the_registration_is_told(
    one: Path, install: Callable[..., tuple[int, str]]
) -> None:
    status, said = install()
    assert status == 0
    shims = {path.name: path for path in (one / "remotes/vmm/nebulxc").iterdir()}
    assert set(shims) == set(arguments.SHAPES)
    assert all(os.access(path, os.X_OK) for path in shims.values())
    client = one / "remotes/im/nebulxc.d/monitord-client_control.sh"
    assert os.access(client, os.X_OK)
    for empty in ("execution", "snapshot"):
        (readme,) = (one / f"remotes/im/nebulxc-probes.d/vm/{empty}").iterdir()
        assert not readme.stat().st_mode & 0o111  # an executable one would be run
    assert 'ARGUMENTS         = "-t 15 -r 0 -p nebulxc"' in said
    assert (one / "remotes/etc/im/nebulxc-probes.d/forecast.conf").is_file()
    assert (one / "etc/oned.conf").read_text() == ONED
    assert "onehost sync --force" in said


def test_it_is_made_once_and_taken_back_whole(
    one: Path, install: Callable[..., tuple[int, str]]
) -> None:
    before, tree = files(one), sorted(one.rglob("*"))
    install("--apply")
    made = files(one)
    assert made["etc/oned.conf.before-nebulxc"] == (ONED, 0o640)
    assert made["etc/oned.conf"][1] == 0o640
    assert '    NAME          = "nebulxc",' in made["etc/monitord.conf"][0]
    status, said = install("--apply")
    assert (status, said.splitlines()[0], files(one)) == (0, "nothing to do", made)
    assert install("--remove")[0] == 0
    assert (files(one), sorted(one.rglob("*"))) == (before, tree)
    assert install("--remove")[1] == "nothing to do\n"


def test_monitoring_alone_leaves_the_driver_alone(
    one: Path, install: Callable[..., tuple[int, str]]
) -> None:
    install("--apply", "--only", "monitoring")
    assert (one / "etc/oned.conf").read_text() == ONED
    assert not (one / "remotes/vmm/nebulxc").exists()
    assert "nebulxc" in (one / "etc/monitord.conf").read_text()
    install("--apply")
    assert "nebulxc" in (one / "etc/oned.conf").read_text()


def test_an_upgrade_copies_what_changed(one: Path, install: Callable[..., tuple[int, str]]) -> None:
    install("--apply")
    (one / "remotes/vmm/nebulxc/deploy").write_text("#!/bin/sh\n# of an older version\n")
    (one / "remotes/vmm/nebulxc/cancel").chmod(0o644)
    (one / "remotes/vmm/nebulxc/mine").write_text("the administrator's")
    said = install("--apply")[1].splitlines()[0]
    assert said == f"copy to {one}/remotes/vmm/nebulxc/: cancel deploy"
    install("--remove")
    assert os.listdir(one / "remotes/vmm/nebulxc") == ["mine"]


def test_what_others_wrote_about_us_stops_it(
    one: Path, install: Callable[..., tuple[int, str]]
) -> None:
    by_hand = ONED.replace("0 lxc", "0 -p nebulxc")
    (one / "etc/oned.conf").write_text(by_hand)
    status, said = install("--apply")
    assert status == 1
    assert "already names nebulxc, not by our doing: take that out" in said
    status, said = install("--remove")
    assert status == 1
    assert "restart OpenNebula, and run this again" in said
    assert (one / "etc/oned.conf").read_text() == by_hand


def test_what_follows_our_block_is_not_taken_for_it(
    one: Path, install: Callable[..., tuple[int, str]]
) -> None:
    path = one / "etc/oned.conf"
    install("--apply")
    path.write_text(
        path.read_text().replace("# nebulxc: end\n", "") + 'LOG = [ SYSTEM = "file" ]\n'
    )
    changed = path.read_text()
    status, said = install("--remove")
    assert (status, path.read_text()) == (1, changed)
    assert "put back the line" in said


def test_a_configuration_in_another_encoding_stays_as_it_was(
    one: Path, install: Callable[..., tuple[int, str]]
) -> None:
    path = one / "etc/oned.conf"
    before = b"# r\xe9seau\n" + ONED.encode()
    path.write_bytes(before)
    assert install("--apply")[0] == 0
    assert path.read_bytes().startswith(b"# r\xe9seau\n")
    assert install("--remove")[0] == 0
    assert path.read_bytes() == before


def test_a_machine_that_is_no_front_end_is_told_so(
    one: Path, install: Callable[..., tuple[int, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (one / "etc/oned.conf").unlink()
    status, said = install("--apply")
    assert (status, "is this OpenNebula's front-end?" in said) == (1, True)
    assert main(["install", "frontend", "--remotes", "/nonexistent"]) == 1
    assert "there is no /nonexistent" in capsys.readouterr().err


def test_a_kept_file_is_the_administrators(tmp_path: Path) -> None:
    (tmp_path / "from/a").mkdir(parents=True)
    (tmp_path / "from/a/conf").write_text("ours\n")
    (tmp_path / "to").mkdir()
    step = Tree(tmp_path / "from", tmp_path / "to/etc", tmp_path / "to", kept=True)
    assert step.missing() == f"copy to {tmp_path}/to/etc/: a/conf"
    step.apply()
    (tmp_path / "to/etc/a/conf").write_text("theirs\n")
    assert (step.missing(), step.leftover()) == ("", "")
    step.remove()
    assert (tmp_path / "to/etc/a/conf").read_text() == "theirs\n"


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """OpenNebula sends every file below its remotes to each host."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/probe").write_text("ours\n")
    (tmp_path / "theirs/probe").mkdir(parents=True)
    with pytest.raises(OSError, match="probe"):
        Tree(tmp_path / "ours", tmp_path / "theirs", tmp_path / "theirs").apply()
    assert [path.name for path in (tmp_path / "theirs").rglob("*")] == ["probe"]
