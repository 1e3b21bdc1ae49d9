"""scripts/vm: the virtual test host from the command line."""

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vm import bootstrap, capture, image, packages, suite
from vm.process import CommandError
from vm.session import Session, alone
from vm.settings import GUEST_CHECKOUT, RELEASES, USUAL, Instance, default_name

EXAMPLES = """\
examples:
  scripts/vm test                            the whole guest part of the suite, one command
  scripts/vm up && scripts/vm shell          a machine to look around in
  scripts/vm run lxc-ls -f                   one command in it
  scripts/vm test --here -- -k oom           some tests in the machine that is up, again and again
  scripts/vm --release trixie test           the same on Debian 13
"""


def main() -> int:
    """Run one command; its status. Every way out ends what this command started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    arguments = _parser().parse_args()
    if os.geteuid() != 0:
        print("scripts/vm: must run as root, for its namespaces: sudo scripts/vm", file=sys.stderr)
        return 1
    release = RELEASES[arguments.release]
    instance = Instance(arguments.name or default_name(release), release)
    try:
        return COMMANDS[arguments.command](instance, arguments)
    except CommandError as error:
        print(f"scripts/vm: {error}", file=sys.stderr)
        return 1


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _machine(name: str) -> str:
    """It becomes a directory's name, of one that `down` deletes, and part of sockets' paths."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", name):
        raise argparse.ArgumentTypeError(
            f"{name!r}: at most 40 letters, digits, dots and dashes, a letter or digit first"
        )
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/vm",
        description="The virtual test host: Debian with cgroup v2 only, AppArmor, LVM, krbd, Ceph.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--release", choices=sorted(RELEASES), default=USUAL.codename)
    parser.add_argument(
        "--name", type=_machine, help="which machine, when several run side by side"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="build the image, or find it in the cache")
    build.add_argument("--fresh", action="store_true", help="bootstrap Debian again")
    up = commands.add_parser("up", help="start a machine that stays")
    up.add_argument("--cold", action="store_true", help="boot instead of restoring the snapshot")
    commands.add_parser("down", help="end the machine, its cluster and all that belongs to it")
    commands.add_parser("shell", help="a root shell in it")
    run = commands.add_parser("run", help="run one shell command in it")
    run.add_argument("first", metavar="CMD")
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="...")
    commands.add_parser("push", help=f"copy the checkout to {GUEST_CHECKOUT}")
    commands.add_parser("reset", help="back to the snapshot, disks and all")
    commands.add_parser("log", help="what the guest's kernel wrote to its console")
    commands.add_parser("ceph-up", help="start a one-node Ceph beside it")
    commands.add_parser("ceph-down", help="end Ceph")
    commands.add_parser("capture", help="renew tests/captures from a new machine and from this one")
    commands.add_parser("truth", help="renew cgroup v2's section of docs/truth.md")
    commands.add_parser("container-root", help="path of a container's Debian as a .tar.zst")
    test = commands.add_parser(
        "test", help="the guest's part of the suite, from nothing to nothing"
    )
    test.add_argument(
        "--here", action="store_true", help="in the machine that is up, not a new one"
    )
    test.add_argument("--keep", action="store_true", help="leave the machine up afterwards")
    test.add_argument("rest", nargs="*", metavar="PYTEST", help="paths and options for pytest")
    return parser


def _build(instance: Instance, arguments: argparse.Namespace) -> int:
    print(image.build(instance.release, fresh=arguments.fresh))
    return 0


def _up(instance: Instance, arguments: argparse.Namespace) -> int:
    session = Session.of(instance)
    with alone(instance):
        if session.machine.service.identity():
            print(f"{instance.name} is up already: {instance.command} shell")
            return 0
        session.down()
        try:
            session.up(bound=False, cold=arguments.cold)
        except BaseException:
            session.down()
            raise
    command = instance.command
    print(f"{instance.name} is up: {command} shell, {command} run CMD, {command} down")
    return 0


def _down(instance: Instance, _arguments: argparse.Namespace) -> int:
    with alone(instance):
        Session.of(instance).down()
    return 0


def _shell(instance: Instance, _arguments: argparse.Namespace) -> int:
    return Session.attach(instance).guest.shell()


def _run(instance: Instance, arguments: argparse.Namespace) -> int:
    return Session.attach(instance).guest.stream(" ".join((arguments.first, *arguments.words)))


def _push(instance: Instance, _arguments: argparse.Namespace) -> int:
    with alone(instance):
        Session.attach(instance).guest.push_checkout(GUEST_CHECKOUT)
    return 0


def _reset(instance: Instance, _arguments: argparse.Namespace) -> int:
    with alone(instance):
        Session.attach(instance).reset()
    return 0


def _log(instance: Instance, _arguments: argparse.Namespace) -> int:
    console = Session.of(instance).machine.serial
    if not console.exists():
        raise CommandError(
            f"no machine {instance.name} is running: {instance.command} up starts it"
        )
    sys.stdout.write(console.read_text(encoding="utf-8", errors="replace"))
    return 0


def _ceph_up(instance: Instance, _arguments: argparse.Namespace) -> int:
    with alone(instance):
        session = Session.attach(instance)
        try:
            session.ceph_up(bound=False)
        except BaseException:
            session.ceph.end()
            raise
    print(f"in the guest: rbd --id oneadmin ls one; here: CEPH_CONF={session.ceph.home}/ceph.conf")
    return 0


def _ceph_down(instance: Instance, _arguments: argparse.Namespace) -> int:
    with alone(instance):
        Session.of(instance).ceph.end()
    return 0


def _capture(instance: Instance, arguments: argparse.Namespace) -> int:
    with _own(instance, arguments, "capture") as session:
        print("\n".join(str(path) for path in capture.renew(session)))
    return 0


def _truth(instance: Instance, arguments: argparse.Namespace) -> int:
    with _own(instance, arguments, "truth") as session:
        print(suite.write_truth(session))
    return 0


def _container_root(instance: Instance, _arguments: argparse.Namespace) -> int:
    packages.ensure(packages.FOR_THE_MACHINE)
    print(bootstrap.container_root(instance.release))
    return 0


def _test(instance: Instance, arguments: argparse.Namespace) -> int:
    wanted = suite.halves(arguments.rest)
    if arguments.here:
        with alone(instance):  # a second run would take the checkout from under this one
            return suite.run_all(Session.attach(instance), wanted, arguments.rest)
    with _own(instance, arguments, "test") as session:
        return suite.run_all(session, wanted, arguments.rest)


@contextmanager
def _own(instance: Instance, arguments: argparse.Namespace, purpose: str) -> Iterator[Session]:
    """A machine for this command alone; afterwards nothing of it is left, unless --keep."""
    keep = getattr(arguments, "keep", False)
    own = Instance(arguments.name or f"{instance.name}-{purpose}", instance.release)
    session = Session.of(own)
    with alone(own):
        session.down()  # what a killed run left
        try:
            session.up(bound=not keep)
            yield session
        finally:
            if keep:
                print(f"left up: {own.command} shell, {own.command} down")
            else:
                session.down()


Command = Callable[[Instance, argparse.Namespace], int]
COMMANDS: dict[str, Command] = {
    "build": _build,
    "up": _up,
    "down": _down,
    "shell": _shell,
    "run": _run,
    "push": _push,
    "reset": _reset,
    "log": _log,
    "ceph-up": _ceph_up,
    "ceph-down": _ceph_down,
    "capture": _capture,
    "truth": _truth,
    "container-root": _container_root,
    "test": _test,
}
