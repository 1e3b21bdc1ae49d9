"""Pure: what a person who started the agent in a terminal is told first."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.model import Cycle
from collector.reading import readings
from control.terminal.lines import lines
from control.terminal.printable import printable

_NAMED = 5
_STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Started:
    """What runs. `stored` is whether the store took the first cycle.

    `url` is None without a page; `ssh` is $SSH_CONNECTION, where there is one.
    """

    containers: Sequence[str]
    interval_s: float
    store: str
    command: str
    url: str | None = None
    ssh: str = ""
    demo: bool = False
    stored: bool = True


def running(cycle: Cycle) -> list[str]:
    """The names of the containers that run, fit for a terminal."""
    return [printable(line.name) for line in lines(readings(cycle, None)) if line.state != _STOPPED]


def greeting(started: Started) -> str:
    """The first lines of success."""
    said = []
    if started.url is not None:
        said.append(f"The page: {started.url}")
        said.extend(_tunnel(started.url, started.ssh))
    said.append(_watched(started))
    said.append(f"In the terminal: {started.command} top")
    said.append(f"Ctrl-C ends it{' and removes the demo' if started.demo else ''}.")
    return "\n".join(said)


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
    if not started.stored:
        every += " (which takes nothing now: see the error above)"
    names = started.containers
    if not names:
        return (
            f"Sampling this host {every}. No container runs yet: one that starts is seen at once"
            " (scripts/run --demo starts two)."
        )
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    count = f"{len(names)} container{'s' if len(names) > 1 else ''}"
    return f"Sampling {count} {every}: {', '.join(names[:_NAMED])}{more}"
