"""Where an action's words go: OpenNebula's VM log, the system's journal, and the container's log.

OpenNebula takes lines `INFO: …` and `ERROR: …` of stderr as log records and joins all others to
the error of the action, without separators: so the error is one plain line, and the last one.
"""

import contextlib
import os
import sys
import syslog
import time
from collections.abc import Callable

from vmm.errors import one_line
from vmm.policy import NodePolicy

ACTION_LOG = "action.log"
MAX_BYTES = 1 << 18
PRIORITY = {"INFO": syslog.LOG_INFO, "WARNING": syslog.LOG_WARNING, "ERROR": syslog.LOG_ERR}
PREFIXES = ("ERROR:", "INFO:", "WARN:", "DEBUG:")


class ActionReport:
    """Says each line in all three places; one that cannot take it does not silence the others."""

    def __init__(self, action: str) -> None:
        self._action = action
        self._name = "-"
        self._path = ""
        syslog.openlog("nebulxc-action", syslog.LOG_PID, syslog.LOG_DAEMON)

    def about(self, name: str, policy: NodePolicy) -> None:
        """From now on speak of the container `name`, and write to its own log too."""
        self._name, self._path = name, f"{policy.log}/{name}/{ACTION_LOG}"

    def info(self, text: str) -> None:
        """A line of the VM's log."""
        self._say("INFO", text, to_stderr=f"INFO: {one_line(text)}")

    def warning(self, text: str) -> None:
        """A line of the VM's log about something done otherwise than asked."""
        self._say("WARNING", text, to_stderr=f"INFO: warning: {one_line(text)}")

    def error(self, text: str, details: str = "") -> None:
        """Why the action failed: the line that OpenNebula shows. `details` stay on this node."""
        line = one_line(text)
        # A line with such a prefix would be taken for a log record, and the error be empty.
        self._say("ERROR", line, to_stderr=f"failed: {line}" if line.startswith(PREFIXES) else line)
        for detail in details.splitlines():
            self._keep("ERROR", detail)

    def _say(self, level: str, text: str, to_stderr: str) -> None:
        _tried(lambda: print(to_stderr, file=sys.stderr, flush=True))
        self._keep(level, text)

    def _keep(self, level: str, text: str) -> None:
        line = f"{self._action} {self._name}: {level}: {text}"
        _tried(lambda: syslog.syslog(PRIORITY[level], line))
        if self._path:
            _tried(lambda: self._append(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {line}\n"))

    def _append(self, line: str) -> None:
        os.makedirs(os.path.dirname(self._path), 0o750, exist_ok=True)
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(line)
            if file.tell() > MAX_BYTES:
                os.replace(self._path, f"{self._path}.1")


def _tried(say: Callable[[], object]) -> None:
    """ssh may be gone, the disk be full: neither may change what the action does."""
    with contextlib.suppress(OSError):
        say()
