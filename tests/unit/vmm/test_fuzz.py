"""Messages mutated from the captured ones: refused in words, or a harmless configuration."""

import base64
import json
import re
import sys
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from vmm.cgroup.cgroups import Layout
from vmm.errors import DriverError
from vmm.idrange import IdRange
from vmm.lxc import composed, lxc_config
from vmm.lxc.lxc_config import Place
from vmm.node import Node
from vmm.opennebula import message
from vmm.policy import NodePolicy, PrivilegedPolicy
from vmm.spec import DiskKind, VmSpec

CALLS = Path(__file__).parents[2] / "opennebula/mock-all-actions"
DEPLOYS = sorted(CALLS.glob("*.deploy/stdin")) + sorted(CALLS.glob("*.attach_*/stdin"))
EVERY = sorted(CALLS.glob("*/stdin"))
POLICY = NodePolicy(profiles="/nonexistent", privileged=PrivilegedPolicy.ALLOW)
NODE = Node(Layout(1, 1, 1, 1, 1, swap=True), apparmor=True, seccomp=True, lxcfs=("proc/stat",))
PLACE = Place("/ct/rootfs", "/log", IdRange(1_100_000_000))
HOME = re.compile(r"/var/lib/one/datastores/\d+/\d+/disk\.\d+")
KEYS = re.compile(
    r"lxc\.(uts\.name|pty\.max|tty\.max|log\.(file|level)|console\.(logfile|size|rotate)"
    r"|cap\.drop|mount\.(auto|entry)|seccomp\.profile|apparmor\.(profile|allow_nesting|raw)"
    r"|cgroup2?\.(devices|cpu|cpuset|memory|pids)\.[a-z_.]+|rootfs\.(path|managed|options)"
    r"|idmap|monitor\.unshare|hook\.(version|pre-start|start-host|post-stop)|signal\.[a-z]+"
    r"|net\.\d+\.(type|veth\.pair|link|name|hwaddr|flags|mtu))"
)

HOSTILE = [
    "",
    "\nlxc.hook.start = /bin/sh\n",
    "one-4-0\rlxc.hook.start=/x",
    "../../../../etc/shadow",
    "/var/lib/one/datastores/0/4/../../../../../etc/shadow",
    "' ; reboot #",
    "a b",
    "\u2028lxc.include = /x",
    "0\u0660",
    "-1",
    "1" * 400,
    "9" * 19,
    "NaN",
    "/",
    "//proc//",
    "lxc",
    "LXC",
    "yes",
    "fs",
    "swap",
    "disk0",
    "lxc.hook.start = /bin/sh\nlxc.signal.halt = SIGUSR1\nlxc.tty.max=1",
    "{id}",
    "%s%n",
]
TAGS = [
    "TARGET",
    "BRIDGE",
    "DISK_ID",
    "NIC_ID",
    "RAW",
    "DATA",
    "TYPE",
    "CPU",
    "MEMORY",
    "ID",
    "NIC",
    "DISK",
    "CONTEXT",
    "OS",
    "BOOT",
    "SOURCE",
    "NUMA_NODE",
    "CPUS",
    "LXC_SWAP",
    "LXC_PROFILES",
    "GRAPHICS",
    "PORT",
]

texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A captured message with some of its elements changed, removed, copied or added."""
    root = fromstring(draw(st.sampled_from(DEPLOYS)).read_bytes())
    machine = root if root.tag == "VM" else root.find("VM")
    assert machine is not None
    for _ in range(draw(st.integers(1, 4))):
        parents = [found for found in machine.iter() if len(found)]
        parent = draw(st.sampled_from(parents))
        child = draw(st.sampled_from(list(parent)))
        _mutate(draw, parent, child)
    return tostring(machine)


@st.composite
def mutated_calls(draw: st.DrawFn) -> tuple[str, list[str], bytes]:
    """A captured call of any action, its envelope or its VM changed."""
    directory = draw(st.sampled_from(EVERY)).parent
    root = fromstring((directory / "stdin").read_bytes())
    for _ in range(draw(st.integers(1, 4))):
        parents = [found for found in root.iter() if len(found)]
        parent = draw(st.sampled_from([root, *parents]))
        child = draw(st.sampled_from(list(parent)))
        _mutate(draw, parent, child)
    stdin = tostring(root)
    words = json.loads((directory / "argv.json").read_text())
    encoded = base64.b64encode(stdin).decode()
    argv = [encoded if word == "@message64" else word for word in words]
    return directory.name.rpartition(".")[2], argv, stdin


def _mutate(draw: st.DrawFn, parent: Element, child: Element) -> None:
    how = draw(st.sampled_from(["text", "text", "remove", "copy", "add", "raw"]))
    if how == "text":
        child.text = _xml(draw(texts))
    elif how == "remove":
        parent.remove(child)
    elif how == "copy":
        parent.append(child)
    elif how == "add":
        SubElement(parent, draw(st.sampled_from(TAGS))).text = _xml(draw(texts))
    else:
        raw = SubElement(parent, "RAW")
        SubElement(raw, "TYPE").text = "lxc"
        SubElement(raw, "DATA").text = _xml(draw(texts))


def _xml(text: str) -> str:
    """XML holds no such characters: a parser would refuse the whole message."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))


class Silent:
    def info(self, text: str) -> None:
        assert text

    def warning(self, text: str) -> None:
        assert text.isprintable()


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_mutated_messages(stdin: bytes) -> None:
    try:
        vm = message.parse("deploy", ["f", "h", "4", "h"], stdin, POLICY).vm
    except DriverError as refused:
        assert str(refused).isprintable()
        return
    event("accepted")
    assert_harmless(vm)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated_calls())
def test_mutated_calls_of_every_action(call: tuple[str, list[str], bytes]) -> None:
    try:
        asked = message.parse(*call, POLICY)
    except DriverError as refused:
        assert str(refused).isprintable()
        return
    event(f"accepted: {call[0]}")
    assert asked.action == call[0]
    assert asked.vm.name in {"one-4", "one-6"}
    assert_harmless(asked.vm)


def test_the_unmutated_calls_of_every_action_are_taken() -> None:
    for path in EVERY:
        words = json.loads((path.parent / "argv.json").read_text())
        encoded = base64.b64encode(path.read_bytes()).decode()
        argv = [encoded if word == "@message64" else word for word in words]
        action = path.parent.name.rpartition(".")[2]
        assert message.parse(action, argv, path.read_bytes(), POLICY).action == action


def assert_harmless(vm: VmSpec) -> None:
    for disk in vm.disks:
        assert HOME.fullmatch(disk.source), disk
        assert disk.kind is DiskKind.SWAP or re.fullmatch(r"/[^\s'\"\\]*", disk.mount_point)
        assert ".." not in disk.mount_point.split("/")
    text = composed.config(vm, PLACE, NODE, POLICY, Silent())
    for line in text.split("\n"):
        assert not line or line.startswith("# ") or KEYS.fullmatch(line.partition(" = ")[0]), line
        assert line.isprintable()
    assert text.count("lxc.hook.pre-start") == 1
    assert text.count("lxc.rootfs.path") == 1


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_at_all(stdin: bytes, encoded: bool) -> None:
    try:
        message.parse(
            "deploy", ["f", "h", "4", "h"], base64.b64encode(stdin) if encoded else stdin, POLICY
        )
    except DriverError as refused:
        assert str(refused).isprintable()


@settings(max_examples=200, deadline=None)
@given(st.lists(texts, max_size=8), st.sampled_from(["attach_nic", "deploy", "exec", "save"]))
def test_any_arguments_at_all(argv: list[str], action: str) -> None:
    try:
        message.parse(action, argv, DEPLOYS[0].read_bytes(), POLICY)
    except DriverError as refused:
        assert str(refused).isprintable()


def test_a_deep_and_a_wide_message_are_refused_in_words() -> None:
    deep = b"<VM>" * 50_000 + b"</VM>" * 50_000
    wide = b"<VM>" + b"<DISK/>" * 200_000 + b"</VM>"
    for stdin in (deep, wide):
        try:
            message.parse("deploy", ["f", "h", "4", "h"], stdin, POLICY)
        except DriverError:
            continue
        raise AssertionError(sys.getsizeof(stdin))


def test_the_unmutated_ones_are_harmless() -> None:
    for path in CALLS.glob("*.deploy/stdin"):
        stdin = path.read_bytes()
        vmid = re.search(rb"<ID>(\d+)</ID>", stdin)
        assert vmid
        vm = message.parse("deploy", ["f", "h", vmid[1].decode(), "h"], stdin, POLICY).vm
        assert_harmless(vm)
        assert lxc_config.render(vm, PLACE, NODE, POLICY)
