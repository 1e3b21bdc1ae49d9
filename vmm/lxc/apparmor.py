"""The AppArmor lines of a container, for kernels that have AppArmor. Pure.

Ours, not the distribution's: Debian's default.conf sets allow_nesting=1, under which the root of
a privileged container can mount proc and remount /sys writable.
"""

from vmm.policy import NodePolicy

Line = tuple[str, str]

UNPRIVILEGED_RULES = (
    # systemd 252 gives up on a unit with ProtectProc when this is denied here; the kernel's own
    # refusal (the container's /proc is masked), which comes next, it takes in its stride.
    "mount fstype=proc options=(rw,nosuid,nodev,noexec) -> /run/systemd/unit-root/proc/,",
    # systemd mounts every unit's credentials here, in a mount namespace of the unit's own. From
    # 254 on with nosymfollow, which a narrower rule of AppArmor 3 cannot name.
    "mount -> /dev/shm/,",
    # Newer mount programs make a file system detached and move it into place. Linux 6.12 has
    # AppArmor judge the move, which knows neither type nor source: LXC's rules for either miss.
    "mount options=(rw,move),",
)
"""Rules beside LXC's generated profile without which systemd in a user namespace fails: logind
of 252; journald, logind and most of the boot of 257; /tmp of a newer mount(8) on Linux 6.12. Never
for privileged containers: nothing but AppArmor keeps their root from mounting proc or sysfs
anywhere. An unprivileged root that moves one into place, as it can on Linux 6.1 unseen, owns
nothing in it."""


def lines(policy: NodePolicy, *, unprivileged: bool) -> list[Line]:
    """LXC's profile generated per container; nesting only where the node's policy wants it."""
    rules = UNPRIVILEGED_RULES if unprivileged and not policy.nesting else ()
    return [
        ("lxc.apparmor.profile", "generated"),
        ("lxc.apparmor.allow_nesting", "1" if policy.nesting else "0"),
        *(("lxc.apparmor.raw", rule) for rule in rules),
    ]
