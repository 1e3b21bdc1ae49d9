"""Runs the suite and writes docs/truth.md: this layout's section anew, the others kept."""

import sys
from pathlib import Path

import pytest
from support.truth import TABLE, write

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[2] / "docs/truth.md"
HEAD = """\
# Truth: known loads against what is reported

Written by `sudo scripts/truth`; do not edit. Each load runs in a real LXC container and says
itself what it did (`tests/host/truth/load.c`: getrusage, bytes handed to the kernel); the
collector of this version reads before and after. A difference beyond the bound fails the suite,
which is part of `sudo scripts/test`. "none" is told for the record and held to nothing.

What cannot be told:

- **cgroup v1 does not attribute buffered writes.** The page cache is written back by the kernel on
  its own account, seconds after the container wrote: the container is told 0 of it. Direct and
  synced writes count. On v2 write-back is charged to whoever made the page dirty.
- **cgroup v1 on recent Linux (seen on 6.18) counts a device only after some cgroup had a
  limit set on it.** Before that the container's I/O on it is absent. It is never reported as 0.
- I/O that several containers cause together through one file (a shared page cache) is charged to
  whoever touched the page first.
- A busy machine makes loads wait: then "stopped by the quota" is less than wall time minus CPU
  time, for waiting for other programs is not throttling.
"""


class Writer:
    """Writes the document when the run has passed."""

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        table = session.config.stash.get(TABLE, None)
        if exitstatus == 0 and table:
            write(DOCUMENT, HEAD, table.rows)


if __name__ == "__main__":
    sys.exit(pytest.main([str(HERE), *sys.argv[1:]], plugins=[Writer()]))
