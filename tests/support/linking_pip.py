"""pip's part of an installation without a network."""

import shutil
import sysconfig
from pathlib import Path
from typing import Any

from control.install.environment import PACKAGES
from vmm.host import Host

SITE = Path(sysconfig.get_path("purelib"))


class LinkingPip(Host):
    """The project is copied, its dependencies are links to this environment's; all other programs
    are the host's."""

    def run(self, *argv: str, **more: Any) -> str:
        if "venv" in argv:
            return super().run(argv[0], "-m", "venv", "--without-pip", argv[-1], **more)
        if "pip" not in argv:
            return super().run(*argv, **more)
        fresh, source = Path(argv[0]).parents[1], Path(argv[-1])
        (site,) = fresh.glob("lib/python3*/site-packages")
        for path in SITE.iterdir():
            if path.suffix != ".pth" and "nebulxc" not in path.name:
                (site / path.name).symlink_to(path)
        for package in PACKAGES:
            shutil.copytree(source / package, site / package)
        return ""
