"""Whose cgroup is it: LXC's directory, its monitor and its configuration → the container's name.

After a crash of its monitor a container `web` restarts in `lxc.payload.web-1`, which is also where
a container named `web-1` lives. Only the monitor of its init tells which of them it is.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PREFIX = "lxc.payload."
_OLD_PARENT = "lxc"
_TITLE = b"[lxc monitor] "
_RETRY = re.compile(r"(.+)-[0-9]+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Name:
    """A container's name and the directory that holds its configuration's directory, if known."""

    text: str
    lxc_path: str | None


def is_payload(directory: str, parent: str) -> bool:
    """Whether LXC names containers' cgroups so: `lxc.payload.NAME`, formerly `lxc/NAME`."""
    return directory.startswith(PREFIX) or os.path.basename(parent) == _OLD_PARENT


def is_lxcs(directory: str) -> bool:
    """Whether a cgroup is of LXC's own processes, with no container below."""
    return directory.startswith(("lxc.monitor", "lxc.pivot"))


def is_monitor(command: Sequence[bytes]) -> bool:
    """Whether a command line is that of a process which runs a container."""
    return bool(command) and (
        command[0].startswith(_TITLE) or os.path.basename(command[0]) == b"lxc-start"
    )


def resolve(directory: str, monitor: Sequence[bytes], lxc_paths: Sequence[Path]) -> Name:
    """The name of the container in the cgroup `directory`, of the init whose parent is `monitor`.

    `monitor` is that parent's command line; where it tells nothing, the configurations decide.
    """
    full = directory.removeprefix(PREFIX)
    retried = _RETRY.fullmatch(full)
    names = [full, retried[1]] if retried else [full]
    return (
        _by_title(names, monitor) or _by_arguments(names, monitor) or _by_config(names, lxc_paths)
    )


def _by_title(names: Sequence[str], monitor: Sequence[bytes]) -> Name | None:
    """A daemonized monitor calls itself "[lxc monitor] LXCPATH NAME"; both may hold spaces."""
    title = b"\0".join(monitor)
    if not title.startswith(_TITLE):
        return None
    rest = os.fsdecode(title.removeprefix(_TITLE))
    for name in names:
        if rest.endswith(f" {name}"):
            return Name(name, rest.removesuffix(f" {name}"))
    lxc_path, _, name = rest.rpartition(" ")
    return Name(name, lxc_path) if lxc_path else None


def _by_arguments(names: Sequence[str], monitor: Sequence[bytes]) -> Name | None:
    """A monitor in the foreground keeps its arguments: lxc-start -F -n NAME."""
    if not monitor or os.path.basename(monitor[0]) != b"lxc-start":
        return None
    words = [os.fsdecode(word) for word in monitor[1:]]
    lxc_path = _option(words, "-P", "--lxcpath")
    for name in names:
        if name in words or _option(words, "-n", "--name") == name:
            return Name(name, lxc_path)
    return None


def _option(words: Sequence[str], short: str, long: str) -> str | None:
    for word, value in zip(words, [*words[1:], ""], strict=True):
        if word in (short, long):
            return value
        if word.startswith(f"{long}="):
            return word.removeprefix(f"{long}=")
        if word.startswith(short):
            return word.removeprefix(short)
    return None


def _by_config(names: Sequence[str], lxc_paths: Sequence[Path]) -> Name:
    for name in names:
        for lxc_path in lxc_paths:
            # Not Path's: it raises where we may not look.
            if os.path.exists(lxc_path / name / "config"):
                return Name(name, str(lxc_path))
    return Name(names[0], None)
