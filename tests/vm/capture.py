"""Renewing tests/captures from the guest: containers as users have them, recorded as they run."""

from pathlib import Path

from vm import cache
from vm.session import Session
from vm.settings import CHECKOUT, GUEST_CHECKOUT, IMAGE_PARTS
from vm.step import step

CONTAINERS = ("one-7", "one-8")
"""On a thin LV with traffic, and in a directory, frozen after an OOM kill."""


def renew(session: Session) -> Path:
    """Make the containers, run scripts/capture in the guest, and bring back what it recorded."""
    with step("containers to record"):
        session.guest.push_checkout(GUEST_CHECKOUT)
        script = (IMAGE_PARTS.parent / "capture.sh").read_text(encoding="utf-8")
        session.guest.run(script)
    with step("recording"):
        command = f"cd {GUEST_CHECKOUT} && scripts/capture {' '.join(CONTAINERS)}"
        recorded = session.guest.run(command).stdout.split()[-1]
        target = CHECKOUT / "tests/captures" / Path(recorded).name
        cache.remove(target)
        session.guest.pull(recorded, target)
    return target
