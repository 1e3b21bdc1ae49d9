"""An upgrade and a removal of Nebulxc while containers run: they go on, and stay manageable."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.installation import Images, Installation
from support.linking_pip import LinkingPip
from support.messages import message
from support.messages import vm as described

from control.install.containers import Containers
from control.install.environment import PACKAGES, Environment
from control.problem import Problem
from vmm.cgroup.cgroup_tree import CgroupTree
from vmm.host import Host
from vmm.spec import VmSpec

pytestmark = [pytest.mark.host, pytest.mark.timeout(600)]

TOP = Path(__file__).parents[3]
VMID = 71500 + os.getpid() % 90
NAME = f"one-{VMID}"
PATIENCE = 120.0


class Node:
    """`/opt/nebulxc` of a test: an environment made from a checkout that can change."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.checkout = installation.base / "checkout"
        ignored = shutil.ignore_patterns("__pycache__", "remotes")
        for package in PACKAGES:
            shutil.copytree(TOP / package, self.checkout / package, ignore=ignored)
        shutil.copy(TOP / "pyproject.toml", self.checkout)
        self.opt = installation.base / "opt"
        policy = installation.policy
        keys = ("state", "lxc", "log", "journal", "datastores", "profiles")
        lines = [f'{key} = "{getattr(policy, key)}"' for key in keys]
        self.config = installation.base / "nebulxc.toml"
        self.config.write_text('[driver]\nsettle = "0s"\n' + "\n".join(lines) + "\n")
        self.environment = Environment(self.opt, self.checkout, LinkingPip())

    def change(self, version: str) -> None:
        """Another version: its hooks leave a trace."""
        path = self.checkout / "control/driver/hook.py"
        text = path.read_text().partition("# version")[0]
        trace = f"open({str(self.installation.base / 'hooks')!r}, 'a').write('{version}\\n')\n"
        path.write_text(f"{text}# version\n{trace}")

    def upgrade(self, version: str) -> None:
        self.change(version)
        assert self.environment.missing().endswith(f"the environment {self.opt}")
        self.environment.apply()
        assert self.environment.missing() == ""

    def hooks(self) -> set[str]:
        """The versions whose hooks ran since this was last asked."""
        path = self.installation.base / "hooks"
        found = set(path.read_text().split()) if path.exists() else set()
        path.unlink(missing_ok=True)
        return found

    def action(self, action: str, message: str) -> str:
        """One action by the installed version; its answer."""
        program = (
            "from pathlib import Path; from control.driver.action import main; "
            f"raise SystemExit(main(config=Path({str(self.config)!r})))"
        )
        words = {"deploy": ("/deployment.0", "node")}.get(action, (NAME, "node"))
        done = subprocess.run(
            [self.opt / "bin/python3", "-I", "-c", program, action, *words, str(VMID), "node"],
            input=message.encode(),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, (action, done.stderr.decode())
        return done.stdout.decode().strip()


@pytest.fixture(scope="module")
def images() -> Iterator[Images]:
    with tempfile.TemporaryDirectory(prefix="nxid-images-", dir="/var/tmp") as directory:
        yield Images(Path(directory))


@pytest.fixture
def installation() -> Iterator[Installation]:
    made = Installation(profiles="/nonexistent")
    yield made
    made.close()
    assert CgroupTree(NAME).directories() == []


@pytest.fixture
def node(installation: Installation) -> Node:
    made = Node(installation)
    made.upgrade("first")
    return made


@pytest.fixture
def vm(installation: Installation, images: Images) -> VmSpec:
    return installation.vm(VMID, root=images.busybox())


@pytest.fixture
def text(vm: VmSpec) -> str:
    assert vm.root is not None
    return described(VMID, vm.root.source)


def rebooted(node: Node, vm: VmSpec) -> None:
    """The guest reboots itself; another init must come up."""
    before = CgroupTree(NAME).init()
    with contextlib.suppress(AssertionError):  # its own end may come first
        node.installation.attach(vm, "reboot", check=False)
    deadline = time.monotonic() + PATIENCE
    while CgroupTree(NAME).init() in (None, before):
        assert time.monotonic() < deadline, "the guest's reboot did not bring up another init"
        time.sleep(0.05)


class Asking(threading.Thread):
    """Polls the container through the installed version without a pause."""

    def __init__(self, node: Node, message: str) -> None:
        super().__init__()
        self.node, self.message = node, message
        self.over = threading.Event()
        self.answers: list[str] = []

    def run(self) -> None:
        while not self.over.is_set():
            try:
                self.answers.append(self.node.action("poll", self.message))
            except (AssertionError, OSError) as error:
                self.answers.append(f"failed: {error}")

    def end(self) -> set[str]:
        self.over.set()
        self.join()
        return set(self.answers)


def test_an_upgrade_under_load(node: Node, vm: VmSpec, text: str) -> None:
    asked = message(VMID, text)
    assert node.action("deploy", text) == NAME
    assert node.hooks() == {"first"}
    pid = CgroupTree(NAME).init()
    asking = Asking(node, asked)
    asking.start()
    try:
        for version in ("second", "third"):
            node.upgrade(version)
    finally:
        answers = asking.end()
    assert answers == {"STATE=a"}, asking.answers
    assert CgroupTree(NAME).init() == pid
    rebooted(node, vm)
    assert node.hooks() == {"third"}
    assert node.action("poll", asked) == "STATE=a"
    node.action("reboot", asked)
    node.action("shutdown", asked)
    assert CgroupTree(NAME).init() is None
    assert os.listdir(node.installation.policy.lxc) == []


def test_a_removal_refuses_while_one_runs_and_keeps_the_disks(
    node: Node, vm: VmSpec, text: str
) -> None:
    assert vm.root is not None
    policy, retired = node.installation.policy, node.installation.base / "retired"
    step = Containers(policy, Host(), retired)
    node.action("deploy", text)
    with pytest.raises(Problem, match=rf"{NAME} run under Nebulxc: touch {retired}, power them"):
        step.leftover()
    assert node.action("poll", message(VMID, text)) == "STATE=a"
    node.installation.attach(vm, "poweroff", check=False)
    deadline = time.monotonic() + PATIENCE
    while CgroupTree(NAME).init() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert step.leftover() == f"remove the definitions of {NAME} (stopped)"
    step.remove()
    assert step.leftover() == ""
    assert os.listdir(policy.lxc) == []
    assert node.action("deploy", text) == NAME
    node.action("cancel", message(VMID, text))
