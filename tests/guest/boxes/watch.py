"""Reads every second and says what it read: one JSON line a cycle. Runs in the guest.

    python watch.py OUTPUT

A line is {"took": seconds, "errors": {group: text}, "values": [[metric, labels, value], …]}.
"""

import json
import sys
import time
from pathlib import Path

from collector.clock import SystemClock
from collector.cycle import Collector, CollectorSettings
from collector.model import samples

SECOND = 1.0


def main(output: Path) -> None:
    """Until killed."""
    collector = Collector(CollectorSettings(host="testhost", slow_s=SECOND), SystemClock())
    with output.open("w", encoding="utf-8") as file:
        while True:
            began = time.monotonic()
            cycle = collector.read()
            took = time.monotonic() - began
            values = [[s.metric, dict(s.labels), s.value] for s in samples(cycle)]
            line = {"took": took, "errors": collector.stats.last_error, "values": values}
            file.write(json.dumps(line) + "\n")
            file.flush()
            time.sleep(max(0.0, SECOND - took))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
