"""The commands of an environment: `python -I -m control.entries BIN_DIR` writes them.

pip's own console scripts start without -I, so that a directory named `vmm` in the working
directory would run as root. These start isolated, with the interpreter of their environment.
"""

import sys
from pathlib import Path
from shlex import quote

ENTRIES = {
    "nebulxc": "control.cli",
    "nebulxc-action": "control.action",
    "nebulxc-hook": "control.hook",
    "nebulxc-probe": "control.probe",
    "nebulxc-monitord": "control.monitord",
}
"""Command → the module whose `main()` it runs."""

SCRIPT = """\
#!/bin/sh
exec {python} -I -c 'from {module} import main; raise SystemExit(main())' "$@"
"""


def write(bin_dir: Path, final: Path | None = None) -> None:
    """Write every entry into `bin_dir`, beside the environment's python3.

    `final` is where that directory will be when they run.
    """
    python = quote(str((final or bin_dir.resolve()) / "python3"))
    for name, module in ENTRIES.items():
        entry = bin_dir / name
        entry.unlink(missing_ok=True)  # a running shell goes on reading the old file
        entry.write_text(SCRIPT.format(python=python, module=module), encoding="utf-8")
        entry.chmod(0o755)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
