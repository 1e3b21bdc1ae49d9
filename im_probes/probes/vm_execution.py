"""Pure: EXEC_VM, how commands ended that OpenNebula had run inside containers."""

from __future__ import annotations

from im_probes.template import vector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

Outcome = dict[str, object]
"""What the driver wrote of a command: see `exec.json` in docs/actions.md."""
SETTLE_MS = 2000
"""OpenNebula notes that a command runs when the action has ended. It would note it after the
outcome, and for ever, if it were told the outcome of a short command at once."""


def is_due(outcome: Outcome, now_ms: int) -> bool:
    """Whether the command has ended, and long enough ago. CLOCK_REALTIME: it may step back."""
    ended = outcome.get("ended_ms")
    return isinstance(ended, int) and not 0 <= now_ms - ended < SETTLE_MS


def render(outcomes: Mapping[int, Outcome]) -> str:
    """One line per VM, its outputs in base64 as the driver keeps them."""
    return "".join(
        vector(
            "VM",
            (
                ("ID", vmid),
                ("PID", outcome.get("runner", "")),
                ("STATUS", "DONE"),
                ("RETURN_CODE", outcome.get("return_code", "")),
                ("STDOUT", outcome.get("stdout", "")),
                ("STDERR", outcome.get("stderr", "")),
            ),
        )
        for vmid, outcome in sorted(outcomes.items())
    )
