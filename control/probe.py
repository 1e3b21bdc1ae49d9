"""`nebulxc-probe DIRECTORY NAME HID HOST`: one of OpenNebula's probes, its configuration on stdin.

DIRECTORY is the probe's place below nebulxc-probes.d: host/system, host/monitor, vm/status or
vm/monitor (host/beacon is a date), and vm/places for what of vm/monitor no reading has. The answer
is one message's text on stdout. While an agent lives it is made from the agent's last cycle, in
about the time that an empty Python takes; else the host is read here, which takes ten times that.
"""

from __future__ import annotations

import sys

from control import probe_brief
from im_probes.configuration import MonitoringError, require_driver, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CONFIG_PATH = "/etc/nebulxc/nebulxc.toml"
"""As in `control.config`, whose import takes twice as long as all of this."""
_USAGE = f"usage: nebulxc-probe {{{','.join(probe_brief.PROBES)}}} NAME HID HOST < configuration"


def main(argv: Sequence[str] | None = None, config: Path | str = CONFIG_PATH) -> int:
    """Print the probe's message; 1 with one sentence on stderr when it cannot be made."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in probe_brief.PROBES:
        sys.stderr.write(f"nebulxc-probe: {_USAGE}\n")
        return 1
    try:
        found = texts(sys.stdin.buffer.read())
        if len(words) > 1:
            require_driver(found, words[1])
        said = probe_brief.said(words[0], found, str(config))
        if said is None:
            from control import probe_direct

            said = probe_direct.said(words[0], found, str(config))
    except MonitoringError as error:
        sys.stderr.write(f"nebulxc-probe: {error}\n")
        return 1
    sys.stdout.buffer.write(said.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
