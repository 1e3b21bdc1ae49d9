"""The guest's part of the suite: pushed, run, its results fetched."""

import os
from collections.abc import Sequence
from pathlib import Path

from vm import cache
from vm.outcome import Outcome, closing_line, count
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

HALVES = ("inside", "outside")
"""Of a run: in the guest, and from this machine."""

TIMEOUT = "--timeout=1800"
PYTEST = f"-m pytest -p no:cacheprovider -o console_output_style=classic {TIMEOUT} --durations=8"


def halves(arguments: Sequence[str]) -> Sequence[str]:
    """Which halves of the suite pytest's arguments are for: without any, both."""
    paths = [word for word in arguments if "tests/" in word]
    outside = [path for path in paths if OUTSIDE in path]
    if outside and outside != paths:
        raise CommandError(
            f"{OUTSIDE} is run by this machine's pytest, all else by the guest's:"
            " name them in two runs"
        )
    return HALVES if not arguments else HALVES[1:] if outside else HALVES[:1]


def run_all(session: Session, wanted: Sequence[str], arguments: Sequence[str]) -> int:
    """Run these halves, and say what came of them; 0 when all of it is good."""
    directory = results_directory(session.instance)
    cache.remove(directory)
    directory.mkdir(parents=True)
    statuses: dict[str, int] = {}
    try:
        for half in wanted:
            push(session)
            try:
                statuses[half] = _run_half(session, half, arguments)
            finally:
                fetch(session, half)
    finally:
        outcomes = _tell(session, wanted, statuses)
    return 0 if all(outcome.good for outcome in outcomes) else 1


def _run_half(session: Session, half: str, arguments: Sequence[str]) -> int:
    if half == "inside":
        return run_inside(session, arguments)
    try:
        session.ceph_up(bound=True)
        return run_outside(session, arguments)
    finally:
        session.ceph.end()


def _tell(session: Session, wanted: Sequence[str], statuses: dict[str, int]) -> list[Outcome]:
    """Print why what was wanted is not good, then how many tests ran where."""
    counted = {half: count(report(session.instance, half)) for half in HALVES}
    outcomes = [Outcome(counted[half], statuses.get(half)) for half in wanted]
    for half, outcome in zip(wanted, outcomes, strict=True):
        if not outcome.good:
            print(outcome.complaint(half, said(session.instance, half)))
    print(closing_line(session.about(), counted["inside"], counted["outside"]), flush=True)
    return outcomes


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


def fetch(session: Session, half: str) -> None:
    """Bring results, the guest's console and its journal since it booted here."""
    target = results_directory(session.instance)
    with step(f"results to {target.relative_to(CHECKOUT)}"):
        # the console first: it is what there is when the guest does not answer any more
        (target / f"{half}-console.txt").write_bytes(session.machine.serial.read_bytes())
        for name, command in (("journal", "journalctl -b --no-pager"), ("dmesg", "dmesg")):
            session.guest.run(f"{command} > {GUEST_RESULTS}/{half}-{name}.txt", check=False)
        session.guest.pull(GUEST_RESULTS, target)
