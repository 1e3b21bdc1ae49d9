"""Whether OpenNebula still knows a container: it keeps a directory per VM on the node."""

import os
from collections.abc import Iterator

from control.doctor.finding import Finding
from control.doctor.sight import Sight
from vmm import kept
from vmm.errors import DriverError


def check(sight: Sight) -> Iterator[Finding]:
    """The directory goes when the VM is terminated or moves to another host."""
    for life in sight.lives:
        try:
            vm = kept.spec(life.container.state)
        except (DriverError, ValueError):
            continue
        directory = f"{sight.policy.datastores}/{vm.datastore_id}/{vm.vmid}"
        if os.path.isdir(directory):
            continue
        what = "runs, but" if life.init is not None else "is defined, but"
        yield Finding(
            life.name,
            f"it {what} OpenNebula has no directory of this VM here",
            directory,
            "remove the definition"
            if life.idle
            else f"see 'onevm show {vm.vmid}': if the VM is gone or elsewhere, "
            f"lxc-stop -k -n {life.name}, and run this again",
            life.container.undefine if life.idle else None,
        )
