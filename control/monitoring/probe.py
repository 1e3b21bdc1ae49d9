"""`nebulxc-probe DIRECTORY NAME HID HOST`: one of OpenNebula's probes, its configuration on stdin.

DIRECTORY is the probe's place below nebulxc-probes.d: host/system, host/monitor, vm/status or
vm/monitor (host/beacon is a date), and vm/places for what of vm/monitor no reading has. The answer
is one message's text on stdout. While an agent lives it is made from the agent's last cycle, in
about the time that an empty Python takes; else the host is read here, which takes ten times that.
"""

from __future__ import annotations

import sys

from im_probes.configuration import MonitoringError, require_driver, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from im_probes.configuration import Texts

CONFIG_PATH = "/etc/nebulxc/nebulxc.toml"
"""As in `control.settings.config`, whose import takes twice as long as all of this."""
DIRECTORIES = ("host/monitor", "host/system", "vm/monitor", "vm/places", "vm/status")
_USAGE = f"usage: nebulxc-probe {{{','.join(DIRECTORIES)}}} NAME HID HOST < configuration"


def main(argv: Sequence[str] | None = None, config: Path | str = CONFIG_PATH) -> int:
    """Print the probe's message; 1 with one sentence on stderr when it cannot be made."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in DIRECTORIES:
        sys.stderr.write(f"nebulxc-probe: {_USAGE}\n")
        return 1
    try:
        found = texts(sys.stdin.buffer.read())
        if len(words) > 1:
            require_driver(found, words[1])
        said = _said(words[0], found, str(config))
    except MonitoringError as error:
        sys.stderr.write(f"nebulxc-probe: {error}\n")
        return 1
    sys.stdout.buffer.write(said.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
    return 0


def _said(directory: str, found: Texts, config: str) -> str:
    """Each way imports what it needs itself: that is most of what a probe costs."""
    if directory == "vm/places":
        from control.monitoring import probe_places

        return probe_places.said(found)
    from control.monitoring import probe_brief

    said = probe_brief.said(directory, found, config)
    if said is None:
        from control.monitoring import probe_direct

        said = probe_direct.said(directory, found, config)
    return said


if __name__ == "__main__":
    raise SystemExit(main())
