"""Pure: what a person who started the agent in a terminal is told first."""

from collections.abc import Sequence
from dataclasses import dataclass

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Started:
    """What runs. `url` is None without a page; `ssh` is $SSH_CONNECTION, where there is one."""

    containers: Sequence[str]
    interval_s: float
    store: str
    command: str
    url: str | None = None
    ssh: str = ""
    demo: bool = False


def greeting(started: Started) -> str:
    """The first lines of success."""
    lines = []
    if started.url is not None:
        lines.append(f"The page: {started.url}")
        lines.extend(_tunnel(started.url, started.ssh))
    lines.append(_watched(started))
    lines.append(f"In the terminal: {started.command} top")
    lines.append(f"Ctrl-C ends it{' and removes the demo' if started.demo else ''}.")
    return "\n".join(lines)


def _tunnel(url: str, ssh: str) -> list[str]:
    """The ssh line that reaches the page from where the user sits."""
    words = ssh.split()
    if len(words) != 4:  # noqa: PLR2004 - client address and port, server address and port
        return []
    address, port = words[2], words[3]
    page = url.removeprefix("http://").rstrip("/")
    option = "" if port == "22" else f"-p {port} "
    return [f"  from your machine: ssh -N {option}-L {page.rpartition(':')[2]}:{page} {address}"]


def _watched(started: Started) -> str:
    every = f"every {started.interval_s:g} s into {started.store}"
    names = started.containers
    if not names:
        return (
            f"Sampling this host {every}. No container runs yet: one that starts is seen at once"
            " (scripts/run --demo starts two)."
        )
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    count = f"{len(names)} container{'s' if len(names) > 1 else ''}"
    return f"Sampling {count} {every}: {', '.join(names[:_NAMED])}{more}"
