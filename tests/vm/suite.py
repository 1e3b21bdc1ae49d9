"""The guest's part of the suite: pushed, run, its results fetched."""

import os
from collections.abc import Sequence
from pathlib import Path

from vm.process import BOUND, CommandError, run, stream
from vm.session import Session
from vm.settings import CHECKOUT, GUEST_CHECKOUT, GUEST_PYTHON, GUEST_RESULTS, Instance
from vm.step import step

TRUTH = "tests/host/truth"
"""Known loads against what is told: of this machine's layout natively, of v2 in the guest."""

DRIVER = ("tests/host/vmm", "tests/host/vmm_replay")
"""The driver's tests on real containers: all of them natively, those marked `guest` there too."""

INSIDE = ("tests/guest/inside", TRUTH, *DRIVER)
"""Run by the guest's own pytest."""

OUTSIDE = "tests/guest/outside"
"""Run by this machine's pytest against the running guest: what needs a reboot or its cluster."""

TIMEOUT = "--timeout=1800"
PYTEST = f"-m pytest -p no:cacheprovider -o console_output_style=classic {TIMEOUT} --durations=8"


def results_directory(instance: Instance) -> Path:
    """Where results, logs and captures of a run are left."""
    return CHECKOUT / "var/vm" / instance.name


def said(instance: Instance, half: str) -> Path:
    """Where what pytest said of a half of the run ("inside", "outside") is kept."""
    return results_directory(instance) / f"{half}.txt"


def report(instance: Instance, half: str) -> Path:
    """The JUnit report of a half of the run."""
    return results_directory(instance) / f"{half}.xml"


def push(session: Session) -> None:
    """Bring the checkout into the guest, and empty its results."""
    with step("push the checkout"):
        session.guest.push_checkout(GUEST_CHECKOUT)
        session.guest.run(f"rm -rf {GUEST_RESULTS} && mkdir -p {GUEST_RESULTS}")
        _push_load(session)


def _push_load(session: Session) -> None:
    """The truth suite's load program: the guest has no compiler."""
    program = session.instance.directory / "load"
    source = CHECKOUT / TRUTH / "load.c"
    run("cc", "-O1", "-static", "-o", str(program), str(source))
    target = f"{GUEST_CHECKOUT}/{TRUTH}/load"
    session.guest.run(f"cat > {target} && chmod +x {target}", stdin=program.read_bytes())


def write_truth(session: Session) -> Path:
    """Measure in the guest, and bring back docs/truth.md with the guest's section renewed."""
    push(session)
    document = "docs/truth.md"
    command = (
        f"cd {GUEST_CHECKOUT} && PYTHONPATH=tests {GUEST_PYTHON} {TRUTH}/document.py"
        f" -q -p no:cacheprovider {TIMEOUT} {INSIDE[0]}/collector"
    )
    with step("known loads in the guest"):
        if session.guest.stream(command):
            raise CommandError(f"the loads were not told truly: {document} is left as it was")
    written = session.guest.run(f"cat {GUEST_CHECKOUT}/{document}").stdout
    (CHECKOUT / document).write_text(written, encoding="utf-8")
    return CHECKOUT / document


def run_inside(session: Session, arguments: Sequence[str]) -> int:
    """Run the guest's tests in it; pytest's status."""
    chosen = " ".join(_quote(word) for word in (arguments or INSIDE))
    wanted = "guest or host" if arguments else "guest"
    marked = "" if "-m" in arguments else f'-m "{wanted}"'
    command = (
        f"cd {GUEST_CHECKOUT} && exec {GUEST_PYTHON} {PYTEST} {marked}"
        f" --junitxml={GUEST_RESULTS}/inside.xml {chosen}"
    )
    with step("tests in the guest"):
        return session.guest.stream(command, log=said(session.instance, "inside"))


def _quote(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def run_outside(session: Session, arguments: Sequence[str]) -> int:
    """Run the tests that drive the guest from this machine; pytest's status."""
    python = CHECKOUT / ".venv/bin/python"
    if not python.exists():
        raise CommandError(f"{python} is missing: scripts/test makes it")
    junit = f"--junitxml={report(session.instance, 'outside')}"
    argv = [*BOUND, str(python), *PYTEST.split(), "-m", "guest", junit]
    named = {
        "NEBULXC_VM": session.instance.name,
        "NEBULXC_VM_RELEASE": session.instance.release.codename,
    }
    with step("tests that drive the guest"):
        return stream(
            [*argv, *(arguments or (OUTSIDE,))],
            said(session.instance, "outside"),
            cwd=CHECKOUT,
            env={**os.environ, **named},
        )


def fetch(session: Session) -> None:
    """Bring results, the guest's journal and its console here."""
    target = results_directory(session.instance)
    with step(f"results to {target.relative_to(CHECKOUT)}"):
        for name, command in (("journal", "journalctl -b --no-pager"), ("dmesg", "dmesg")):
            session.guest.run(f"{command} > {GUEST_RESULTS}/{name}.txt", check=False)
        session.guest.pull(GUEST_RESULTS, target)
        console = session.machine.serial.read_bytes()
        (target / "console.txt").write_bytes(console)
