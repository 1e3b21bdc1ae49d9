"""A root directory for a demo container: one static busybox and a script."""

import os
import shutil
from pathlib import Path

from control.demo.definition import DemoContainer
from control.problem import Problem
from vmm.host import Host

BUSYBOX = Path("/bin/busybox")
_DIRECTORIES = ("bin", "dev", "proc", "sys", "tmp", "root", "var")


def build(container: DemoContainer, host: Host) -> None:
    """Make the container's root directory, its commands and its init."""
    if not BUSYBOX.exists():
        raise Problem("the demo needs busybox: apt-get install busybox-static")
    for name in _DIRECTORIES:
        (container.rootfs / name).mkdir(parents=True)
    busybox = container.rootfs / "bin" / "busybox"
    shutil.copy2(BUSYBOX, busybox)
    for command in host.run(str(BUSYBOX), "--list").split():
        if command != "busybox":
            os.link(busybox, busybox.with_name(command))
    init = container.rootfs / "init"
    init.write_text(container.init, encoding="utf-8")
    init.chmod(0o755)
