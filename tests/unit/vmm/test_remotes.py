"""The tree that goes to the front-end, and the sudo entry of the node."""

import os
import subprocess
from pathlib import Path

import control
import vmm
from vmm.opennebula import arguments

REMOTES = Path(vmm.__file__).parent / "remotes"
SUDOERS = Path(control.__file__).parent / "nebulxc.sudoers"
STAND_IN = '#!/bin/sh\nfor word; do printf "<%s>" "$word"; done; cat\n'


def shims() -> dict[str, Path]:
    return {path.name: path for path in REMOTES.iterdir()}


def test_there_is_one_executable_shim_per_action() -> None:
    assert set(shims()) == set(arguments.SHAPES)
    assert all(os.access(path, os.X_OK) and path.is_file() for path in shims().values())
    assert len({path.read_bytes() for path in shims().values()}) == 1


def test_a_shim_hands_on_its_name_every_argument_and_standard_input(tmp_path: Path) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text(STAND_IN)
    sudo.chmod(0o755)
    ran = subprocess.run(
        [shims()["exec"], "4", "host", "a 'b' $(c) *", ""],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        input="<VM/>",
        capture_output=True,
        text=True,
        check=True,
    )
    helper = "/opt/nebulxc/bin/nebulxc-action"
    assert ran.stdout == f"<-n><{helper}><exec><4><host><a 'b' $(c) *><><VM/>"


def test_the_shims_are_plain_posix_shell() -> None:
    subprocess.run(["/bin/sh", "-n", shims()["deploy"]], check=True)


def test_sudo_accepts_the_sudoers_file() -> None:
    ran = subprocess.run(
        ["/usr/sbin/visudo", "-c", "-f", SUDOERS], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_sudoers_file_grants_one_program_and_keeps_no_environment() -> None:
    lines = [line for line in SUDOERS.read_text().splitlines() if not line.startswith("#")]
    grants = [line for line in lines if not line.startswith("Defaults")]
    assert grants == [
        "oneadmin ALL = (root:root) NOPASSWD: NOSETENV: /opt/nebulxc/bin/nebulxc-action"
    ]
    assert "env_reset, !setenv" in lines[0]
