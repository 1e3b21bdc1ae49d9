"""The LXC configuration of a container, as text. Pure: the same input gives the same text.

Nothing of the distribution is included: an include may bring hooks of its own (lxcfs does) or
allow_nesting. What later lines win over: RAW/DATA and profiles come after the basics, and the
limits, the rootfs, the ids and the hooks come after them.
"""

from collections.abc import Iterable, Iterator

from vmm import logs
from vmm.cgroup import cgroups
from vmm.errors import DriverError
from vmm.idrange import IdRange
from vmm.lean.value import Value
from vmm.lxc import apparmor
from vmm.node import Node
from vmm.policy import NodePolicy
from vmm.spec import RawLine, VmSpec
from vmm.values import shown

Line = tuple[str, str]

HOOKS = ("pre-start", "start-host", "post-stop")
DROPPED_CAPABILITIES = "mac_admin mac_override sys_time sys_module sys_rawio"
NESTING_CAPABILITIES = "mac_override sys_time sys_module sys_rawio"
DEVICES = (
    "c *:* m",  # mknod, without reading or writing the node
    "b *:* m",
    "c 1:3 rwm",  # null
    "c 1:5 rwm",  # zero
    "c 1:7 rwm",  # full
    "c 5:0 rwm",  # tty
    "c 5:1 rwm",  # console
    "c 5:2 rwm",  # ptmx
    "c 1:8 rwm",  # random
    "c 1:9 rwm",  # urandom
    "c 136:* rwm",  # pts
)
TUN, FUSE = ("c 10:200 rwm", "dev/net/tun"), ("c 10:229 rwm", "dev/fuse")


class Place(Value):
    """Where the container's files are on this node."""

    rootfs: str
    """The directory on which pre-start mounts the root."""
    log: str
    """The directory of its logs."""
    ids: IdRange | None
    """The host ids that its own are mapped to; None makes it privileged."""


def render(
    vm: VmSpec, place: Place, node: Node, policy: NodePolicy, extra: Iterable[RawLine] = ()
) -> str:
    """The whole configuration. `extra` are lines that `vmm.lxc.raw` or `.profiles` let pass."""
    given = ((line.key, line.value) for line in extra)
    sections = (
        _section("", _basics(vm, place, policy)),
        _section("confinement", _confinement(node, policy, place.ids)),
        _section("devices", _devices(node, policy)),
        _section("lxcfs", _lxcfs(node, policy)),
        _section("from profiles and RAW/DATA", given, may_clear=True),
        _section("limits", _limits(vm, node, policy)),
        _section("root", _root(place)),
        _section("hooks", _hooks(policy)),
        _section("network", _network()),
    )
    return f"# {vm.name}, written by nebulxc: changes are lost\n" + "".join(sections)


def _section(title: str, lines: Iterable[Line], *, may_clear: bool = False) -> str:
    """The lines under their title. A line without a value clears what was set before."""
    text = "".join(
        f"{_checked(key)} =\n"
        if may_clear and not value
        else f"{_checked(key)} = {_checked(value)}\n"
        for key, value in lines
    )
    return f"\n# {title}\n{text}" if title and text else text


def _checked(text: str) -> str:
    """The last word against an injected line: everything was validated where it entered."""
    if not text or not text.isprintable() or text != text.strip():
        raise DriverError(f"{shown(text)} must not be in an LXC configuration")
    return text


def _basics(vm: VmSpec, place: Place, policy: NodePolicy) -> Iterator[Line]:
    yield "lxc.uts.name", vm.name
    yield "lxc.pty.max", "1024"
    yield "lxc.tty.max", "4"
    yield "lxc.log.file", f"{place.log}/lxc.log"
    yield "lxc.log.level", logs.LEVEL
    yield "lxc.console.logfile", f"{place.log}/console.log"
    yield "lxc.console.size", str(policy.console_log_bytes)
    yield "lxc.console.rotate", "1"


def _confinement(node: Node, policy: NodePolicy, ids: IdRange | None) -> Iterator[Line]:
    if ids is None:
        # Bind mounts cannot be moved in a user namespace, which this needs.
        yield "lxc.tty.dir", "lxc"
    yield "lxc.cap.drop", NESTING_CAPABILITIES if policy.nesting else DROPPED_CAPABILITIES
    yield "lxc.mount.auto", "cgroup:mixed proc:mixed sys:mixed"
    if policy.nesting:
        # The kernel lets a nested namespace mount proc and sysfs only where it sees a full one.
        yield "lxc.mount.entry", "proc dev/.lxc/proc proc create=dir,optional 0 0"
        yield "lxc.mount.entry", "sys dev/.lxc/sys sysfs create=dir,optional 0 0"
    if node.seccomp:
        yield "lxc.seccomp.profile", policy.seccomp
    if node.apparmor:
        yield from apparmor.lines(policy, unprivileged=ids is not None)


def _devices(node: Node, policy: NodePolicy) -> Iterator[Line]:
    wanted = [extra for extra, on in ((TUN, policy.tun), (FUSE, policy.fuse)) if on]
    if node.layout.devices:
        key = f"lxc.cgroup{'2' if node.layout.devices == cgroups.V2 else ''}.devices"
        yield f"{key}.deny", "a"
        for rule in (*DEVICES, *(rule for rule, _ in wanted)):
            yield f"{key}.allow", rule
    for _, path in wanted:
        yield "lxc.mount.entry", f"/{path} {path} none bind,create=file,optional 0 0"


def _lxcfs(node: Node, policy: NodePolicy) -> Iterator[Line]:
    for name in node.lxcfs:
        yield "lxc.mount.entry", f"{policy.lxcfs}/{name} {name} none bind,optional 0 0"


def _limits(vm: VmSpec, node: Node, policy: NodePolicy) -> Iterator[Line]:
    for setting in cgroups.settings(vm.limits, policy, node.layout):
        yield setting.lxc_key, setting.value


def _root(place: Place) -> Iterator[Line]:
    ids = place.ids
    yield "lxc.rootfs.path", f"dir:{place.rootfs}"
    # Without this, lxc-destroy deletes the files of the image that is mounted there.
    yield "lxc.rootfs.managed", "0"
    if ids is not None:
        # pre-start has mapped the root's ids: LXC 5.0.2 would forget idmap=container on a reboot.
        yield "lxc.idmap", f"u 0 {ids.start} {ids.size}"
        yield "lxc.idmap", f"g 0 {ids.start} {ids.size}"


def _hooks(policy: NodePolicy) -> Iterator[Line]:
    # The monitor's own mount namespace: when it dies, its mounts and loop devices go with it.
    yield "lxc.monitor.unshare", "1"
    yield "lxc.hook.version", "1"
    for kind in HOOKS:
        yield f"lxc.hook.{kind}", f"{policy.hook} {kind}"


def _network() -> Iterator[Line]:
    # A namespace of its own, and nothing in it: start-host makes the NICs (vmm.nics.network).
    # Without a line LXC leaves the container in the host's network namespace.
    yield "lxc.net.0.type", "empty"
