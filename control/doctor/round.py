"""A round of all checks, and the repairs that follow from it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from control.doctor.checks import CHECKS
from control.doctor.finding import NODE, Finding
from control.doctor.sight import Sight, look
from vmm import lock
from vmm.container import Container
from vmm.errors import DriverError
from vmm.host import Host
from vmm.policy import NodePolicy

LOCK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Repaired:
    """What came of a repair: `problem` is "" when it was done."""

    finding: Finding
    problem: str


class Round:
    """One look at the node by all checks."""

    def __init__(self, policy: NodePolicy, host: Host) -> None:
        self._policy, self._host = policy, host
        sight = look(policy, host)
        self._inits = {life.name: life.init for life in sight.lives}
        self.findings = [finding for name in CHECKS for finding in _found(name, sight)]

    def repair(self) -> Iterator[Repaired]:
        """Do every repair that there is, each under its container's lock and if it is still due."""
        for finding in self.findings:
            if finding.repair is not None:
                yield Repaired(finding, self._problem(finding, finding.repair))

    def _problem(self, finding: Finding, repair: Callable[[], object]) -> str:
        try:
            if finding.subject == NODE:
                repair()
                return ""
            return self._locked(finding.subject, repair)
        except (DriverError, OSError) as error:
            return str(error)

    def _locked(self, name: str, repair: Callable[[], object]) -> str:
        container = Container(name, self._policy, self._host)
        with lock.exclusive(container.state.lock, LOCK_SECONDS, name):
            if container.init() != self._inits.get(name):
                return "it was started or ended meanwhile: run this again"
            repair()
        return ""


def _found(name: str, sight: Sight) -> Iterator[Finding]:
    """What a check finds. One that cannot look is a finding itself."""
    try:
        yield from CHECKS[name](sight)
    except (DriverError, OSError, ValueError) as error:
        yield Finding(NODE, f"the check of {name} could not look", str(error), "mend that")
