"""What confines containers and shows them their limits: AppArmor, seccomp, lxcfs, host ids."""

import shutil
from collections.abc import Iterator
from functools import partial

from control.doctor.finding import NODE, Finding
from control.doctor.sight import Sight
from control.install import subids
from vmm import node
from vmm.host import PATH


def check(sight: Sight) -> Iterator[Finding]:
    """Of this host."""
    found = node.read(sight.policy)
    for path in subids.FILES:
        step = subids.Subids(path, sight.policy)
        if step.missing():
            what = "root is not granted the host ids of containers"
            yield Finding(NODE, what, str(path), step.missing(), partial(step.apply))
    if found.apparmor and shutil.which("apparmor_parser", path=PATH) is None:
        what = "AppArmor is on, but LXC cannot load profiles"
        yield Finding(NODE, what, "apparmor_parser", "apt-get install apparmor")
    if not found.apparmor:
        what = "the kernel confines no container by AppArmor"
        where = "/sys/module/apparmor/parameters/enabled"
        yield Finding(NODE, what, where, "boot with apparmor=1 security=apparmor", note=True)
    if not found.seccomp:
        what = "there is no seccomp profile: containers may use every system call"
        yield Finding(NODE, what, sight.policy.seccomp, "apt-get install lxc")
    if not found.lxcfs:
        what = "without lxcfs, free and nproc in containers show the host's figures"
        yield Finding(NODE, what, sight.policy.lxcfs, "apt-get install lxcfs", note=True)
