"""`nebulxc doctor`: find what is left over or amiss on this node, and say what to do.

It looks at containers of Nebulxc (mounts, devices, interfaces, cgroups, host ids, definitions,
locks, limits) and at what they need of the node. It changes nothing. With --repair it does what it
would do, to what is Nebulxc's alone. Exit status: 0 when all is well, 1 when something is not;
notes do not count.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from control.problem import Problem

if TYPE_CHECKING:
    from control.doctor.finding import Finding

EXAMPLE = "sudo nebulxc doctor --repair"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--repair", action="store_true", help="do what can be done safely")


def run(args: argparse.Namespace) -> int:
    """Look, tell, and repair where asked to."""
    from control.doctor.round import Round
    from control.settings import driver_policy
    from vmm.host import Host

    if os.geteuid() != 0:
        raise Problem("must run as root, which alone sees other mount namespaces: use sudo")
    path = Path(args.config) if args.config else driver_policy.CONFIG_PATH
    look = Round(driver_policy.load(path), Host())
    repaired = {id(one.finding): one.problem for one in look.repair()} if args.repair else {}
    told = [_Told(finding, repaired.get(id(finding))) for finding in look.findings]
    if args.json:
        json.dump([one.plain() for one in told], sys.stdout, indent=1)
        print()
    else:
        print("\n".join(one.text() for one in told) or "nothing is amiss")
    return int(any(one.counts for one in told))


class _Told:
    """One finding, and what came of its repair: None without one, "" when it was done."""

    def __init__(self, finding: "Finding", problem: str | None) -> None:
        self._finding, self._problem = finding, problem

    @property
    def counts(self) -> bool:
        """Whether the node is not well for it."""
        return not self._finding.note and self._problem != ""

    def text(self) -> str:
        """Two lines: what and where, then what to do or was done."""
        one = self._finding
        would = "would (--repair): " if one.repair else "do: "
        done = {None: f"{would}{one.remedy}", "": f"done: {one.remedy}"}.get(
            self._problem, f"not done: {one.remedy}: {self._problem}"
        )
        return f"{one.subject}: {'note: ' if one.note else ''}{one.what} ({one.where})\n    {done}"

    def plain(self) -> dict[str, object]:
        """What a program gets; "repaired" is null where nothing was tried."""
        one = self._finding
        return {
            "subject": one.subject,
            "what": one.what,
            "where": one.where,
            "remedy": one.remedy,
            "repairable": one.repair is not None,
            "note": one.note,
            "repaired": None if self._problem is None else self._problem == "",
            "problem": self._problem or None,
        }
