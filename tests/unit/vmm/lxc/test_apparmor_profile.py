"""The kernel's side is a directory of files, as securityfs shows it (made by hand)."""

from pathlib import Path

import pytest

from vmm.errors import DriverError
from vmm.lxc import apparmor_profile


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    made = tmp_path / apparmor_profile.KERNEL
    (made / "policy/namespaces").mkdir(parents=True)
    (made / ".remove").touch()
    return made


@pytest.fixture
def lxcpath(tmp_path: Path) -> str:
    path = tmp_path / "lxc"
    (path / "one-7/apparmor").mkdir(parents=True)
    (path / "one-7/apparmor/lxc-one-7_<-lxc>").touch()
    return str(path)


def test_a_left_profile_goes_from_kernel_and_disk(
    kernel: Path, lxcpath: str, tmp_path: Path
) -> None:
    ours = f"lxc-one-7_<{lxcpath}>"
    (kernel / "profiles").write_text(f"lxc-one-70_<{lxcpath}> (enforce)\n{ours} (enforce)\n")
    space = kernel / f"policy/namespaces/lxc-one-7_<{lxcpath.replace('/', '-')}>"
    space.mkdir()
    apparmor_profile.forget("one-7", lxcpath, str(tmp_path))
    assert (kernel / ".remove").read_text() == ours
    assert not space.exists()
    assert not Path(lxcpath, "one-7/apparmor").exists()


def test_the_profile_of_another_is_left_alone(kernel: Path, lxcpath: str, tmp_path: Path) -> None:
    (kernel / "profiles").write_text(f"lxc-one-70_<{lxcpath}> (enforce)\nlsb_release (enforce)\n")
    apparmor_profile.forget("one-7", lxcpath, str(tmp_path))
    assert (kernel / ".remove").read_text() == ""


def test_without_apparmor_there_is_nothing_to_do(lxcpath: str, tmp_path: Path) -> None:
    apparmor_profile.forget("one-7", lxcpath, str(tmp_path / "nothing"))
    apparmor_profile.forget("one-8", lxcpath, str(tmp_path / "nothing"))


def test_a_profile_that_stays_is_an_error(kernel: Path, lxcpath: str, tmp_path: Path) -> None:
    (kernel / "profiles").write_text(f"lxc-one-7_<{lxcpath}> (enforce)\n")
    (kernel / ".remove").unlink()
    (kernel / ".remove").mkdir()
    with pytest.raises(DriverError, match="cannot unload the AppArmor profile"):
        apparmor_profile.forget("one-7", lxcpath, str(tmp_path))
