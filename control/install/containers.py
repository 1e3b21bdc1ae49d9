"""The step that looks after containers of ours: none may run when Nebulxc goes."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from control.problem import Problem
from vmm.container import Container
from vmm.host import Host
from vmm.policy import NodePolicy

RETIRED = Path("/etc/nebulxc/retired")
"""While this file exists the shims hand deploys to the stock driver: nothing becomes ours."""


@dataclass(frozen=True, slots=True)
class Containers:
    """Containers that the driver defined here. An installation leaves all of them alone."""

    policy: NodePolicy
    host: Host
    retired: Path = RETIRED

    def missing(self) -> str:
        """Nothing: running containers go on, and stopped ones keep their definition."""
        return ""

    def apply(self) -> None:
        """Nothing, see `missing`."""

    def leftover(self) -> str:
        """Definitions of stopped containers; Problem while one runs."""
        running = [one.name for one in self._defined() if one.init() is not None]
        if running:
            raise Problem(
                f"{', '.join(running)} run under Nebulxc: touch {self.retired}, power them off and "
                "resume them in OpenNebula, which hands them to the stock driver, then run this "
                "again"
            )
        stopped = [one.name for one in self._defined()]
        told = [f"the definitions of {', '.join(stopped)} (stopped)"] if stopped else []
        told += [str(self.retired)] if self.retired.exists() else []
        return f"remove {' and '.join(told)}" if told else ""

    def remove(self) -> None:
        """Remove them. Their disks stay as they are, and the next deploy defines them anew."""
        for one in self._defined():
            one.stop()
            one.clear(())
            one.undefine()
        self.retired.unlink(missing_ok=True)

    def _defined(self) -> list[Container]:
        with contextlib.suppress(FileNotFoundError):
            names = sorted(name for name in os.listdir(self.policy.state) if name[0] != ".")
            return [Container(name, self.policy, self.host) for name in names]
        return []
