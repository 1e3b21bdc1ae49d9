"""LXC configurations of running containers: what a deploy would write now, and what is there."""

from collections.abc import Iterator

from control.doctor.finding import Finding
from control.doctor.sight import Life, Sight
from vmm import kept, node
from vmm.errors import DriverError
from vmm.idrange import IdRange
from vmm.lxc import composed
from vmm.lxc.lxc_config import Place
from vmm.node import Node
from vmm.policy import NodePolicy
from vmm.state import CONFIG, PLAN


class _Silent:
    """Takes the warnings that the deploy has given already."""

    def info(self, text: str) -> None:
        """Nothing."""

    def warning(self, text: str) -> None:
        """Nothing."""


def check(sight: Sight) -> Iterator[Finding]:
    """A note each: the node's own configuration may have changed, and that is no fault.

    Limits are another check's. Containers whose files cannot be read are another check's too.
    """
    here = node.read(sight.policy)
    for life in sight.running:
        try:
            wanted, found = _wanted(life, here, sight.policy), _found(life)
        except (DriverError, ValueError, OSError):
            continue
        different = sorted(set(wanted) ^ set(found))
        if different:
            line = different[0]
            where = "lacks" if line in wanted else "has"
            more = f", and {len(different) - 1} lines more differ" if len(different) > 1 else ""
            yield Finding(
                life.name,
                f"its LXC configuration is not what a deploy would write now: it {where} "
                f'"{line}"{more}',
                life.container.state.path(CONFIG),
                "power the VM off and resume it to have it written anew",
                note=True,
            )


def _wanted(life: Life, here: Node, policy: NodePolicy) -> list[str]:
    container = life.container
    uid = container.state.require(PLAN)["uid"]
    place = Place(
        rootfs=container.state.rootfs, log=container.logs, ids=IdRange(uid) if uid else None
    )
    spec = kept.spec(container.state)
    return _lines(composed.config(spec, place, here, policy, _Silent()))


def _found(life: Life) -> list[str]:
    with open(life.container.state.path(CONFIG), encoding="utf-8") as file:
        return _lines(file.read())


def _lines(text: str) -> list[str]:
    """Without comments and limits."""
    lines = (line for line in text.splitlines() if " = " in line)
    return [line for line in lines if not line.startswith(("#", "lxc.cgroup"))]
