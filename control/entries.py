"""The commands of an environment: `python -I -m control.entries BIN_DIR` writes them.

pip's own console scripts start without -I, so that a directory named `vmm` in the working
directory would run as root. These start isolated, with the interpreter of their environment.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote

ENTRIES = {
    "nebulxc": "control.cli",
    "nebulxc-action": "control.driver.action",
    "nebulxc-hook": "control.driver.hook",
    "nebulxc-probe": "control.monitoring.probe",
    "nebulxc-monitord": "control.monitoring.monitord",
}
"""Command → the module whose `main()` it runs."""

BRIEF = frozenset({"nebulxc-action", "nebulxc-hook", "nebulxc-probe"})
"""What lives for less time than Python takes to prepare and to clear up: it does neither."""

PLAIN = "from {module} import main; raise SystemExit({call})"
# -S leaves out the environment's path configuration, which takes a third of the interpreter's
# start; cycles are collected, and modules taken apart, by the end of the process.
LEAN = (
    "import gc, os, sys; gc.disable(); sys.path += {paths!r}; "
    "from {module} import main; os._exit({call})"
)


def write(bin_dir: Path, final: Path | None = None) -> None:
    """Write every entry into `bin_dir`, beside the environment's python3.

    `final` is where that directory will be when they run.
    """
    final = final or bin_dir.resolve()
    paths = list(packages(bin_dir.resolve().parent, final.parent))
    for name, module in ENTRIES.items():
        entry = bin_dir / name
        entry.unlink(missing_ok=True)  # a running shell goes on reading the old file
        text = script(module, str(final / "python3"), paths if name in BRIEF else ())
        entry.write_text(text, encoding="utf-8")
        entry.chmod(0o755)


def script(module: str, python: str, paths: Sequence[str] = (), call: str = "main()") -> str:
    """A shell script that runs `call` of a module; leanly, with nothing but `paths` to import
    from beside the standard library, where they are given."""
    options = "-I -S" if paths else "-I"
    program = (LEAN if paths else PLAIN).format(module=module, call=call, paths=list(paths))
    return f'#!/bin/sh\nexec {quote(python)} {options} -c {quote(program)} "$@"\n'


def packages(environment: Path, final: Path) -> Iterator[str]:
    """Where the environment has its packages, and ours if they are a checkout's."""
    found = list(environment.glob("lib/python3*/site-packages"))
    for path in found:
        yield str(final / path.relative_to(environment))
    if not any((path / "control").exists() for path in found):
        yield str(Path(__file__).resolve().parent.parent)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
