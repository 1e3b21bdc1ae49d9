"""Renewing tests/captures, from the guest and from this machine: containers as users have them,
recorded as they run.
"""

from pathlib import Path

from vm import cache
from vm.process import run
from vm.session import Session
from vm.settings import CHECKOUT, GUEST_CHECKOUT
from vm.step import step

HERE = Path(__file__).parent
RECORD = CHECKOUT / "scripts/capture"
OF_THE_GUEST = ("one-7", "one-8", "one-9", "one-10", "one-12")
"""Made by capture.sh."""

OF_THIS_MACHINE = ("nxhd1", "nxhd2")
"""Made by capture-here.sh."""

LXC_HERE = "/var/tmp/nxhd/lxc"


def renew(session: Session) -> list[Path]:
    """Make the containers, run scripts/capture in the guest and here; what was written anew."""
    return [_from_the_guest(session), _from_here()]


def _from_the_guest(session: Session) -> Path:
    session.guest.push_checkout(GUEST_CHECKOUT)
    session.ceph_up(bound=True)
    session.ceph.client("rbd", "create", "one/one-9-0", "-s", "512M")
    with step("containers to record in the guest"):
        session.guest.run((HERE / "capture.sh").read_text(encoding="utf-8"), timeout=1200)
    with step("recording the guest"):
        command = f"cd {GUEST_CHECKOUT} && scripts/capture {' '.join(OF_THE_GUEST)}"
        recorded = session.guest.run(command).stdout.split()[-1]
        return _replaced(session, recorded, CHECKOUT / "tests/captures" / Path(recorded).name)


def _replaced(session: Session, recorded: str, target: Path) -> Path:
    """Bring a recording here; the old one goes when the new one is here whole."""
    fresh = target.with_name(f"{target.name}.new")
    try:
        session.guest.pull(recorded, fresh)
        cache.remove(target)
        fresh.rename(target)
    finally:
        cache.remove(fresh)
    return target


def _from_here() -> Path:
    script = str(HERE / "capture-here.sh")
    with step("containers to record here"):
        run(script, "clear")
        try:
            run(script, "make")
            recorded = run(str(RECORD), "--lxcpath", LXC_HERE, *OF_THIS_MACHINE)
        finally:
            run(script, "clear")
    return Path(recorded.split()[-1])
