"""The tree that goes to the front-end, and the sudo entry of the node."""

import os
import subprocess
from pathlib import Path

import pytest

import control
import vmm
from vmm.opennebula import arguments

REMOTES = Path(vmm.__file__).parent / "remotes"
SUDOERS = Path(control.__file__).parent / "nebulxc.sudoers"
XML = "<VM/>"
STAND_IN = '#!/bin/sh\nprintf "<{name}>"; for word; do printf "<%s>" "$word"; done; cat\n'


class Node:
    """A remotes tree with copies of the shims, beside stand-ins for sudo and the stock scripts."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.driver = base / "opt/nebulxc-action"
        self.shims = base / "vmm/nebulxc"
        for name in ("bin", "opt", "vmm/nebulxc", "vmm/lxc", "has"):
            (base / name).mkdir(parents=True)
        for shim in REMOTES.iterdir():
            text = shim.read_text().replace("/opt/nebulxc/bin/nebulxc-action", str(self.driver))
            text = text.replace("/etc/nebulxc/retired", f"{base}/retired")
            self._executable(
                self.shims / shim.name, text.replace("/var/lib/lxc-one", f"{base}/has")
            )
        self._executable(base / "bin/sudo", STAND_IN.format(name="sudo"))

    def install(self) -> None:
        self._executable(self.driver, "#!/bin/sh\n")

    def stock_scripts(self, *actions: str) -> None:
        for action in actions:
            self._executable(self.base / "vmm/lxc" / action, STAND_IN.format(name="stock"))

    def stock_has(self, vmid: int) -> None:
        (self.base / "has" / str(vmid)).mkdir()

    def words(self, action: str, vmid: int) -> list[str]:
        """Arguments of this action, those that are no VM id all like another VM's."""
        return [str(vmid) if name == "VMID" else "8" for name in arguments.SHAPES[action]]

    def run(self, action: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.shims / action, *words],
            env={"PATH": f"{self.base}/bin:/usr/bin:/bin"},
            input=XML,
            capture_output=True,
            text=True,
            check=check,
        )

    def _executable(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def shims() -> dict[str, Path]:
    return {path.name: path for path in REMOTES.iterdir()}


def test_there_is_one_executable_shim_per_action() -> None:
    assert set(shims()) == set(arguments.SHAPES)
    assert all(os.access(path, os.X_OK) and path.is_file() for path in shims().values())
    assert len({path.read_bytes() for path in shims().values()}) == 1


def test_a_shim_hands_on_its_name_every_argument_and_standard_input(node: Node) -> None:
    node.install()
    ran = node.run("exec", "4", "host", "a 'b' $(c) *", "")
    assert ran.stdout == f"<sudo><-n><{node.driver}><exec><4><host><a 'b' $(c) *><><VM/>"


@pytest.mark.parametrize("action", sorted(arguments.SHAPES))
def test_without_nebulxc_every_action_is_the_stock_drivers(node: Node, action: str) -> None:
    node.stock_scripts(action)
    ran = node.run(action, *node.words(action, 7))
    assert ran.stdout == "".join(f"<{word}>" for word in ("stock", *node.words(action, 7))) + XML


@pytest.mark.parametrize("action", sorted(arguments.SHAPES))
def test_what_the_stock_driver_started_goes_to_its_scripts(node: Node, action: str) -> None:
    """All but deploy, which takes the container over; and no other VM's."""
    node.install()
    node.stock_scripts(action)
    node.stock_has(7)
    whose = "sudo" if action == "deploy" else "stock"
    assert node.run(action, *node.words(action, 7)).stdout.startswith(f"<{whose}>")
    for other in (1, 70, 77):
        assert node.run(action, *node.words(action, other)).stdout.startswith("<sudo>")


def test_where_it_is_retired_the_stock_driver_deploys(node: Node) -> None:
    """What is ours stays ours until it is powered off."""
    node.install()
    node.stock_scripts("deploy", "shutdown")
    (node.base / "retired").touch()
    assert node.run("deploy", *node.words("deploy", 7)).stdout.startswith("<stock>")
    assert node.run("shutdown", *node.words("shutdown", 7)).stdout.startswith("<sudo>")


def test_stock_scripts_run_one_at_a_time(node: Node) -> None:
    """They look for free devices without a lock; an exit status comes through."""
    script = node.base / "vmm/lxc/deploy"
    script.write_text(
        f"#!/bin/sh\nmkdir {node.base}/busy || exit 9\nsleep 0.1\nrmdir {node.base}/busy\nexit 3\n"
    )
    script.chmod(0o755)
    shim = [str(node.shims / "deploy"), *node.words("deploy", 7)]
    running = [subprocess.Popen(shim, stdin=subprocess.DEVNULL) for _ in range(4)]
    assert [one.wait(60) for one in running] == [3, 3, 3, 3]


def test_a_missing_stock_script_is_one_line_that_names_it(node: Node) -> None:
    ran = node.run("cancel", *node.words("cancel", 7), check=False)
    place = f"{node.shims}/../lxc/cancel"
    remedy = f"there is no {place}; on the front-end: onehost sync --force\n"
    said = f"cancel: Nebulxc is not installed on this host, and {remedy}"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", said)
    node.install()
    node.stock_has(7)
    ran = node.run("cancel", *node.words("cancel", 7), check=False)
    said = f"cancel: VM 7 was started by the stock driver, and {remedy}"
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", said)


def test_a_shim_without_arguments_says_something_or_hands_on(node: Node) -> None:
    node.install()
    node.stock_has(7)
    assert node.run("cancel").stdout == f"<sudo><-n><{node.driver}><cancel>{XML}"


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
