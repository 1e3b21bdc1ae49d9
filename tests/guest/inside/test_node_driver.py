"""A node of OpenNebula's, from its installation to its removal: the driver as oneadmin calls it.

The tests stand in the order of a node's life: each finds what the one before it left.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from boxes.kept import Kept
from boxes.shell import sh, until
from support.installation import Images
from support.messages import message, vm

pytestmark = [pytest.mark.guest, pytest.mark.timeout(1800)]

CHECKOUT = Path("/root/nebulxc")
PYTHON, WHEELS = "/opt/nebulxc-test/bin/python", "/opt/wheels"
MAIN = (
    f"import sys; sys.path.insert(0, '{CHECKOUT}'); from control.cli import main; sys.exit(main())"
)
REMOTES = Path("/var/tmp/one")
SHIMS = REMOTES / "vmm/nebulxc"
PROBES = REMOTES / "im/nebulxc-probes.d"
ASKED = CHECKOUT / "tests/opennebula/im/monitord-client.stdin.raw.xml"
DATASTORES = Path("/var/lib/one/datastores")
VMID = 71597
NAME = f"one-{VMID}"
USER = ("setpriv", "--reuid=oneadmin", "--regid=oneadmin", "--init-groups")
ENVIRONMENT = {"HOME": "/var/lib/one", "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/games"}
GRANT = "root:1100000000:536870912"


def install(words: str = "", check: bool = True) -> str:
    return sh(f'{PYTHON} -I -c "{MAIN}" install node {words} 2>&1', check=check, timeout=1500)


def doctor(*words: str) -> list[dict[str, object]]:
    """What is amiss, notes left out."""
    said = sh(f"nebulxc doctor --json {' '.join(words)}", check=False)
    return [one for one in json.loads(said) if not one["note"]]


def shim(action: str, stdin: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """One action, as OpenNebula's user on a host that the front-end reached over ssh."""
    return subprocess.run(
        [*USER, str(SHIMS / action), *words, str(VMID), "node"],
        env=ENVIRONMENT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The VM's image, where OpenNebula would have placed it."""
    home = DATASTORES / f"0/{VMID}"
    home.mkdir(parents=True)
    image = Images(tmp_path_factory.mktemp("images")).busybox()
    (home / "disk.0").write_bytes(image.read_bytes())
    sh("chown -R oneadmin: /var/lib/one")
    return home / "disk.0"


@pytest.fixture(scope="module", autouse=True)
def opennebula() -> Iterator[None]:
    """What opennebula-node-lxc and the front-end's sync leave on a host."""
    sh("useradd --system --home-dir /var/lib/one --shell /bin/bash --user-group oneadmin")
    SHIMS.parent.mkdir(parents=True)
    sh(f"cp -r {CHECKOUT}/vmm/remotes {SHIMS}; cp -r {CHECKOUT}/im_probes/remotes/im {REMOTES}")
    sh(f"chown -R oneadmin: {REMOTES}")
    yield
    sh(f"lxc-stop -k -n {NAME}", check=False)
    install("--remove", check=False)
    sh("userdel oneadmin; rm -rf /var/tmp/one /var/lib/one /etc/nebulxc /var/lib/nebulxc")


def test_before_it_is_installed_a_shim_says_so() -> None:
    done = shim("cancel", "<VM/>", NAME, "node")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Nebulxc is not installed on this host" in done.stderr


def test_it_is_installed_for_opennebula(kept: Kept) -> None:
    kept.put_back()
    said = install(f"--wheels {WHEELS}")
    for what in (
        f"add {GRANT} to /etc/subuid",
        f"add {GRANT} to /etc/subgid",
        "add oneadmin to the group nebulxc",
        "create /etc/sudoers.d/nebulxc (0440): oneadmin may run nebulxc-action",
    ):
        assert what in said
    assert install(f"--wheels {WHEELS}") == "nothing to do\n"
    assert sh("stat -c '%a %U %G' /etc/sudoers.d/nebulxc").strip() == "440 root root"
    assert "nebulxc" in sh("id -nG oneadmin").split()
    assert sh("visudo -c")


def test_the_doctor_finds_nothing_amiss() -> None:
    assert doctor() == []


def test_oneadmin_runs_that_one_program_as_root() -> None:
    sudo = " ".join((*USER, "sudo", "-n"))
    assert "is not an action" in sh(f"{sudo} /opt/nebulxc/bin/nebulxc-action sh 2>&1", check=False)
    assert "password" in sh(f"{sudo} /bin/sh -c id 2>&1", check=False)


def test_a_container_is_deployed_and_well(disk: Path) -> None:
    done = shim("deploy", vm(VMID, disk), "/deployment.0", "node")
    assert (done.returncode, done.stdout) == (0, f"{NAME}\n"), done.stderr
    assert sh(f"lxc-attach -n {NAME} -- cut -c 1-22 /proc/self/uid_map").split()[1] != "0"
    assert doctor() == []


def probe(name: str) -> str:
    """What a probe tells, as OpenNebula runs it."""
    done = subprocess.run(
        [*USER, str(PROBES / name / "nebulxc"), "lxc", "0", "testhost"],  # a name in ASKED
        env=ENVIRONMENT,
        input=ASKED.read_bytes(),
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_the_probes_tell_what_the_agent_read() -> None:
    until(lambda: re.search(r'NEBULXC_AGENT\s*=\s*"?ok', probe("host/system")))
    assert until(lambda: f'"{NAME}"' in probe("vm/monitor"))
    assert "RUNNING" in probe("vm/status")


def test_what_is_otherwise_than_it_should_be_is_mended() -> None:
    limit = Path(f"/sys/fs/cgroup/lxc.payload.{NAME}/memory.max")
    limit.write_text("200000000")
    sh("gpasswd -d oneadmin nebulxc; chmod 600 /etc/sudoers.d/nebulxc")
    found = [str(one["what"]) for one in doctor()]
    assert len(found) == 3, found
    assert any(what.startswith("memory.max is ") for what in found)
    doctor("--repair")
    assert doctor() == []
    assert int(limit.read_text()) == 64 << 20


def test_it_is_not_removed_while_a_container_runs() -> None:
    said = install("--remove", check=False)
    assert f"{NAME} run under Nebulxc" in said
    assert sh("systemctl is-active nebulxc-agent").strip() == "active"


def test_a_shutdown_leaves_nothing(disk: Path) -> None:
    done = shim("shutdown", message(VMID, vm(VMID, disk)), NAME, "node")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert until(lambda: doctor() == [])
    assert NAME not in sh("lxc-ls").split()


def test_removed_it_leaves_nothing_for_opennebula() -> None:
    install("--remove")
    assert install("--remove") == "nothing to do\n"
    assert not re.search("^root:1100000000", Path("/etc/subuid").read_text(), re.MULTILINE)
    assert "nebulxc" not in sh("id -nG oneadmin").split()
    assert not Path("/etc/sudoers.d/nebulxc").exists()
    assert "is not installed" in shim("cancel", "<VM/>", NAME, "node").stderr
