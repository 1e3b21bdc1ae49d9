"""Renewing the guest's real trees in tests/captures."""

from pathlib import Path

from vm.process import CommandError
from vm.session import Session
from vm.settings import CHECKOUT

SCRIPT = CHECKOUT / "scripts/capture"


def renew(session: Session) -> list[Path]:
    """Run scripts/capture in the guest and bring back what it made."""
    if not SCRIPT.exists():
        raise CommandError(f"{SCRIPT} does not exist")
    raise CommandError("not yet")
