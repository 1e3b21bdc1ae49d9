"""The AppArmor lines of a container, for kernels that have AppArmor. Pure.

Ours, not the distribution's: Debian's default.conf sets allow_nesting=1, under which the root of
a privileged container can mount proc and remount /sys writable.
"""

from vmm.policy import NodePolicy

Line = tuple[str, str]

UNPRIVILEGED_RULES: tuple[str, ...] = ()
"""Rules beside LXC's generated profile that a systemd guest in a user namespace needs."""


def lines(policy: NodePolicy, *, unprivileged: bool) -> list[Line]:
    """LXC's profile generated per container; nesting only where the node's policy wants it."""
    rules = UNPRIVILEGED_RULES if unprivileged and not policy.nesting else ()
    return [
        ("lxc.apparmor.profile", "generated"),
        ("lxc.apparmor.allow_nesting", "1" if policy.nesting else "0"),
        *(("lxc.apparmor.raw", rule) for rule in rules),
    ]
