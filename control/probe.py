"""`nebulxc-probe DIRECTORY NAME HID HOST`: one of OpenNebula's probes, its configuration on stdin.

DIRECTORY is the probe's place below nebulxc-probes.d: host/system, host/monitor,
vm/status or vm/monitor (host/beacon is a date). The answer is one message's text on stdout.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from control import config
from control.probing import probing
from control.problem import Problem
from im_probes.messages import Messages
from im_probes.monitoring import MonitoringError, parse
from im_probes.probes.vm_status import render_all

PROBES: Mapping[str, Callable[[Messages, str], str]] = {
    "host/monitor": lambda messages, _missing: messages.monitor_host(),
    "host/system": lambda messages, _missing: messages.system_host(),
    "vm/monitor": lambda messages, _missing: messages.monitor_vm(),
    "vm/status": lambda messages, missing: render_all(messages.states(), missing),
}
"""Directory → what it prints. A probe by itself remembers nothing: vm/status is the full list."""
_USAGE = f"usage: nebulxc-probe {{{','.join(PROBES)}}} NAME HID HOST < configuration"


def main(argv: Sequence[str] | None = None, config_path: Path = config.CONFIG_PATH) -> int:
    """Print the probe's message; 1 with one sentence on stderr when it cannot be made."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        print(_said(words, sys.stdin.buffer.read(), config_path), end="")
    except (Problem, MonitoringError) as error:
        print(f"nebulxc-probe: {error}", file=sys.stderr)
        return 1
    return 0


def _said(words: list[str], stdin: bytes, config_path: Path) -> str:
    if not words or words[0] not in PROBES:
        raise Problem(_USAGE)
    chosen = config.load(config_path)
    # A probe does not report anywhere itself: any address will do.
    monitoring = parse(stdin, ssh_client=os.environ.get("SSH_CLIENT", "127.0.0.1").split()[0])
    with probing(chosen, monitoring) as (messages, _watcher):
        return PROBES[words[0]](messages, chosen.monitoring.missing_state)


if __name__ == "__main__":
    raise SystemExit(main())
