"""What the driver can fail with. Only an entry point catches; its text is one line for OpenNebula.

OpenNebula joins the lines of an error without separators, so no message holds a line break:
what failed, why, and after a semicolon what to do next.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def one_line(text: str) -> str:
    """`text` with every run of white space and control characters replaced by one blank."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class DriverError(Exception):
    """An action could not be carried out. `remedy` tells what to do next."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = one_line(problem)
        self.remedy = one_line(remedy)
        super().__init__(self.problem, self.remedy)

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}" if self.remedy else self.problem


class SpecError(DriverError):
    """The message from OpenNebula cannot be carried out as it stands; `xpath` names the place."""

    def __init__(self, xpath: str, problem: str, remedy: str = "") -> None:
        self.xpath = xpath
        super().__init__(f"{xpath}: {problem}", remedy)


class NotFound(DriverError):
    """Something that the action needs is not there: a container, an image, a directory."""


class CommandError(DriverError):
    """A program failed. `status` is its exit status, negative for a signal, None for a timeout."""

    def __init__(
        self, argv: Sequence[str], status: int | None, stderr: str, remedy: str = ""
    ) -> None:
        self.argv = tuple(argv)
        self.status = status
        self.stderr = stderr
        super().__init__(f"{argv[0]} {_ending(status)}: {_last_words(stderr)}", remedy)


def _ending(status: int | None) -> str:
    """How a program ended, in words."""
    if status is None:
        return "did not end in time"
    return f"was killed by signal {-status}" if status < 0 else f"exited with {status}"


def _last_words(stderr: str, lines: int = 3, size: int = 400) -> str:
    """The last lines of stderr: what a program says last is nearly always why it failed."""
    said = [line.strip() for line in stderr.splitlines() if line.strip()]
    return " | ".join(said[-lines:])[-size:] or "it said nothing"
