"""The arguments of each action, by name: checked before anything is done."""

from collections.abc import Callable, Sequence

from vmm import values
from vmm.errors import DriverError

_TAIL = ("VMID", "HOST")

SHAPES: dict[str, tuple[str, ...]] = {
    "attach_disk": ("DEPLOY_ID", "PATH", "TARGET", "INDEX", "MESSAGE64", *_TAIL),
    "attach_nic": ("DEPLOY_ID", "MAC", "INTERFACE", "MODEL", "VN_MAD", "INTERFACE", *_TAIL),
    "cancel": ("DEPLOY_ID", "HOST", *_TAIL),
    "deploy": ("FILE", "HOST", *_TAIL),
    "detach_disk": ("DEPLOY_ID", "PATH", "TARGET", "INDEX", *_TAIL),
    "detach_nic": ("DEPLOY_ID", "MAC", *_TAIL),
    "exec": ("VMID", "HOST", "COMMAND", "STDIN"),
    "exec_cancel": _TAIL,
    "migrate": ("DEPLOY_ID", "HOST", "HOST", *_TAIL),
    "migrate_local": ("DEPLOY_ID", "HOST", "HOST", *_TAIL),
    "poll": ("DEPLOY_ID", "HOST", *_TAIL),
    "prereconfigure": ("DEPLOY_ID", "TARGET", *_TAIL),
    "reboot": ("DEPLOY_ID", "HOST", *_TAIL),
    "reconfigure": ("DEPLOY_ID", "TARGET", "PATH", *_TAIL),
    "reset": ("DEPLOY_ID", "HOST", *_TAIL),
    "resize": ("DEPLOY_ID", *_TAIL),
    "resize_disk": ("DEPLOY_ID", "DISK_ID", "SIZE_MB", "MESSAGE64", "HOST", *_TAIL),
    "restore": ("PATH", "HOST", "DEPLOY_ID", *_TAIL),
    "save": ("DEPLOY_ID", "PATH", "HOST", *_TAIL),
    "shutdown": ("DEPLOY_ID", "HOST", *_TAIL),
    "snapshot_create": ("DEPLOY_ID", "SNAPSHOT_ID", *_TAIL),
    "snapshot_delete": ("DEPLOY_ID", "SNAPSHOT", *_TAIL),
    "snapshot_revert": ("DEPLOY_ID", "SNAPSHOT", *_TAIL),
}
"""Action → what each of its arguments is. Read from one_vmm_exec and seen on a real front-end."""


def _free(text: str) -> str:
    """Text that is only ever handed on: a command for the guest, the message once more."""
    return text


def _dash(text: str) -> str:
    return text if text == "-" else values.word(text)


def _deploy_id(text: str) -> str:
    """`one-<VMID>`: the driver makes no other name."""
    if not text.startswith("one-"):
        raise ValueError(f"{values.shown(text)} is not a container of OpenNebula (one-<VMID>)")
    return f"one-{values.identifier(text.removeprefix('one-'))}"


def _target(text: str) -> str:
    return values.mount_point(text) if text.startswith("/") else values.word(text)


def _number(text: str) -> str:
    return str(values.integer(text, high=values.MAX_BYTES))


CHECKS: dict[str, Callable[[str], str]] = {
    "COMMAND": _free,
    "DEPLOY_ID": _deploy_id,
    "DISK_ID": lambda text: str(values.identifier(text)),
    "FILE": _free,  # the front-end's name of the message that stdin holds: never opened
    "HOST": values.host,
    "INDEX": _free,
    "INTERFACE": values.interface,
    "MAC": values.mac,
    "MESSAGE64": _free,
    "MODEL": _dash,
    "PATH": values.path,
    "SIZE_MB": _number,
    "SNAPSHOT": values.word,
    "SNAPSHOT_ID": lambda text: str(values.identifier(text)),
    "STDIN": _free,
    "TARGET": _target,
    "VMID": lambda text: str(values.identifier(text)),
    "VN_MAD": values.word,
}
_OPTIONAL = {"STDIN"}


def checked(action: str, arguments: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The arguments as (name, value); DriverError when their number or one of them is wrong."""
    shape = SHAPES[action]
    least = sum(name not in _OPTIONAL for name in shape)
    if not least <= len(arguments) <= len(shape):
        problem = f"{action}: {len(arguments)} arguments given, {len(shape)} expected"
        raise DriverError(problem, f"they are {' '.join(shape)}")
    named = zip(shape, arguments, strict=False)
    return tuple((name, _checked(action, name, value)) for name, value in named)


def _checked(action: str, name: str, value: str) -> str:
    try:
        return CHECKS[name](value)
    except ValueError as problem:
        raise DriverError(f"{action}: argument {name}: {problem}") from problem
