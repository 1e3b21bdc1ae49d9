"""`nebulxc recover`: after a boot, bring back the containers that ran when the host went down.

driver.after_boot of the configuration decides whether any is: docs/recovery.md tells the danger.
What was stopped or suspended stays as it is. At boot nebulxc-recover.service runs this; by hand it
may be repeated. Exit status: 0, or 1 when one that should run does not.
"""

import argparse
import faulthandler
import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from control.problem import Problem

if TYPE_CHECKING:
    from control.recovery.recover_start import Told
    from vmm.site import Site

EXAMPLE = "sudo nebulxc recover --dry-run"
STEPS = ("announce", "run", "end")
STDERR = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--step", choices=STEPS, help="what the units do, at their times")


def run(args: argparse.Namespace) -> int:
    """Bring back what is to be, and tell of each container."""
    if os.geteuid() != 0:
        raise Problem("must run as root, because it starts containers: use sudo")
    faulthandler.enable(STDERR)  # nobody is there at boot: a crash in C leaves its place
    from control.recovery import recover_steps
    from control.settings import driver_policy
    from vmm.errors import DriverError
    from vmm.host import Host
    from vmm.site import Site, WallClock

    policy = driver_policy.load(args.config or driver_policy.CONFIG_PATH)
    site = Site(policy, Host(), _Lines(), WallClock())
    say: Callable[[Told], None] = _nothing if args.json else _say
    try:
        told = _told(args, site, say)
    except DriverError as error:
        raise Problem(str(error)) from error
    if told is None:
        return 0
    if args.json:
        json.dump([_plain(one) for one in told], sys.stdout, indent=1)
        print()
    elif not told:
        print("nothing is to be brought back")
    return int(not recover_steps.is_well(told))


def _told(
    args: argparse.Namespace, site: "Site", say: "Callable[[Told], None]"
) -> "list[Told] | None":
    """What became of each container; None after a step that is about none."""
    from control.recovery import recover_steps

    if args.step == "announce":
        recover_steps.announce(site.policy)
        return None
    if args.step == "end":
        recover_steps.end(site)
        return None
    if args.dry_run:
        told = recover_steps.planned(site)
        for one in told:
            say(one)
        return told
    return recover_steps.recover(site, say, at_boot=args.step == "run")


class _Lines:
    """Where warnings go."""

    def info(self, text: str) -> None:
        """Not told: the outcomes are."""

    def warning(self, text: str) -> None:
        """One line."""
        print(f"warning: {text}", file=sys.stderr, flush=True)


def _nothing(_told: "Told") -> None:
    pass


def _say(told: "Told") -> None:
    """One line as soon as it is known; units write to the journal."""
    why = f": {told.why}" if told.why else ""
    took = f" ({told.seconds:.1f} s)" if told.seconds else ""
    print(f"{told.name}: {told.outcome.value}{why}{took}", flush=True)


def _plain(told: "Told") -> dict[str, object]:
    return {
        "container": told.name,
        "outcome": told.outcome.value,
        "why": told.why or None,
        "seconds": told.seconds,
    }
