"""What a run of tests amounts to, and why it is not good when it is not."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ENDINGS = {
    1: "tests failed",
    2: "it was interrupted, or a file of tests could not be imported",
    3: "pytest itself failed",
    4: "pytest did not understand its arguments, found no such path, or a conftest.py failed",
    5: "no test was collected",
    255: "the connection into the guest broke",
}
"""pytest's own exit statuses, and ssh's."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many tests ended how."""

    ran: int
    failed: int
    skipped: int

    @property
    def good(self) -> bool:
        """Whether tests ran and none failed or was skipped: a skip is a missing capability."""
        return self.ran > 0 and not self.failed and not self.skipped


@dataclass(frozen=True, slots=True)
class Outcome:
    """Half of a run: what its report counts, and how pytest ended; None when it was cut short."""

    counted: Count
    status: int | None

    @property
    def good(self) -> bool:
        """Whether pytest was content and its report says the same."""
        return self.status == 0 and self.counted.good

    def complaint(self, half: str, log: Path) -> str:
        """Why it is not good, in one line."""
        if self.status is None:
            return f"{half}: pytest did not come to its end; what it said until then is in {log}"
        if self.status == 0:
            return f"{half}: {self.counted.ran} tests ran, {self.counted.skipped} were skipped"
        ending = ENDINGS.get(self.status, "killed, or not pytest's own status")
        return f"{half}: status {self.status}, {ending}; all it said is in {log}"


def count(report: Path) -> Count:
    """The totals of a JUnit report; all 0 when it was not written."""
    if not report.exists():
        return Count(0, 0, 0)
    suites = ET.parse(report).getroot().iter("testsuite")
    totals = [
        [int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")]
        for suite in suites
    ]
    tests, failures, errors, skipped = (sum(column) for column in zip(*totals, strict=True))
    return Count(tests, failures + errors, skipped)


def closing_line(about: dict[str, str], inside: Count, outside: Count) -> str:
    """What the run amounts to, in one line."""
    ran, failed = inside.ran + outside.ran, inside.failed + outside.failed
    skipped = inside.skipped + outside.skipped
    where = f"{about['distribution']}, kernel {about['kernel']}, LXC {about['lxc']}"
    return (
        f"guest ({where}): {inside.ran} tests ran in it, {outside.ran} drove it from outside;"
        f" {ran - failed - skipped} passed, {failed} failed, {skipped} skipped"
    )
