"""Loop devices that still carry a disk of a container that does not run."""

from collections.abc import Iterator
from functools import partial

from control.doctor.finding import Finding
from control.doctor.sight import Sight
from vmm import attempt
from vmm.attachments import Attachment, load
from vmm.errors import DriverError
from vmm.host import Host
from vmm.mounting import loop
from vmm.state import State


def check(sight: Sight) -> Iterator[Finding]:
    """By our own record and the device's sequence number: another's use of it is never ours."""
    for name, life in sight.idle.items():
        for attachment in _recorded(life.container.state):
            if _is_attached(attachment):
                yield Finding(
                    name,
                    f"{attachment.device} still has disk {attachment.disk_id}",
                    attachment.source,
                    f"detach /dev/{attachment.device}",
                    partial(_detach, attachment, sight.host),
                )


def _recorded(state: State) -> list[Attachment]:
    try:
        return [one for one in load(state) if one.device.startswith("loop")]
    except (DriverError, KeyError, TypeError):
        return []  # damaged files are another check's


def _is_attached(attachment: Attachment) -> bool:
    return (
        attachment.boot_id == attempt.boot_id()
        and attachment.device in loop.attached()
        and loop.diskseq(attachment.device) == attachment.diskseq
    )


def _detach(attachment: Attachment, host: Host) -> None:
    """It may have gone with the mount that held it."""
    if _is_attached(attachment):
        host.run("losetup", "--detach", f"/dev/{attachment.device}")
