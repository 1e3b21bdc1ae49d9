"""`nebulxc-action ACTION …`: one action of OpenNebula, as root, for oneadmin over sudo.

Whoever calls chooses the action, its arguments and standard input, and nothing else: the
environment is dropped, the configuration is one file that only root can write, and the entry
starts Python isolated (-I) from a path of root's.
"""

import os
import sys
from collections.abc import Sequence

from control.driver import caller
from control.driver.action_report import ActionReport
from control.problem import Problem
from control.settings.driver_policy import CONFIG_PATH
from control.settings.driver_policy import load as load_policy
from vmm import actions, attempt
from vmm.errors import DriverError
from vmm.host import Host
from vmm.lean.value import replace
from vmm.opennebula import arguments as shapes
from vmm.opennebula import message as messages
from vmm.site import Site, WallClock
from vmm.spec import Message
from vmm.state import ATTEMPT
from vmm.undo import Undo
from vmm.values import shown

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
}
STARTS = ("deploy", "restore")


def main(argv: Sequence[str] | None = None, config: str | os.PathLike[str] = CONFIG_PATH) -> int:
    """Carry out the action that `argv` names; 0, or 1 with one line on stderr."""
    words = list(sys.argv[1:] if argv is None else argv)
    report = ActionReport(words[0] if words and words[0] in shapes.SHAPES else "?")
    try:
        _isolate()
        with caller.watched():
            _run(words, config, report)
    except (DriverError, Problem) as error:
        report.error(str(error), _where(error))
    except SystemExit as end:
        report.error(f"ended by signal {int(str(end.code)) - 128}: what it had begun was undone")
        raise
    except Exception as error:
        told = f"internal error: {type(error).__name__}: {error}; see this host's journal"
        report.error(told, _where(error))
    else:
        return 0
    return 1


def _where(error: Exception) -> str:
    """The traceback, for this node's logs."""
    import traceback

    return "".join(traceback.format_exception(error))


def _isolate() -> None:
    """Nothing of the caller's surroundings may decide what we do."""
    if os.geteuid() != 0:
        raise DriverError("nebulxc-action must run as root", "call it through sudo")
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    os.umask(0o022)
    os.chdir("/")


def _run(words: list[str], config: str | os.PathLike[str], report: ActionReport) -> None:
    action = _action(words)
    policy = load_policy(config)
    stdin = sys.stdin.buffer.read(messages.MAX_BYTES + 1)
    message = messages.parse(action, words[1:], stdin, policy)
    report.about(message.vm.name, policy)
    _answer(Site(policy, Host(), report, WallClock()), message)


def _action(words: list[str]) -> str:
    """The action's name, if this version has it."""
    if not words or words[0] not in shapes.SHAPES:
        raise DriverError(
            f"{shown(words[0]) if words else 'nothing'} is not an action of OpenNebula",
            f"the actions are {' '.join(shapes.SHAPES)}",
        )
    if words[0] not in actions.ACTIONS:
        raise DriverError(f"{words[0]} is not supported for containers; nothing was changed")
    return words[0]


def _answer(site: Site, message: Message) -> None:
    """Carry it out and answer. To OpenNebula an answer that nobody takes is a failure: so a start
    is taken back, lest a container runs that it knows nothing of."""
    before = _last_start(site, message)
    with Undo() as undo:
        undo.add("take it back", lambda: _take_back(site, message, before))
        answer = actions.perform(site, message)
        try:
            _write(answer)
        except OSError as error:
            raise DriverError(f"{message.action}: nobody took the answer: {error}") from error
        undo.commit()


def _last_start(site: Site, message: Message) -> str | None:
    """The attempt that the container runs by; None without one, and for what starts none."""
    found = site.container(message.vm.name).state.readable(ATTEMPT)
    starts = message.action in STARTS and found and found["phase"] == attempt.RUNNING
    return found["id"] if starts else None


def _take_back(site: Site, message: Message, before: str | None) -> None:
    """What failed by itself has undone itself, and what ran before is not ours to end."""
    if _last_start(site, message) not in (None, before):
        actions.perform(site, replace(message, action="cancel"))


def _write(answer: str) -> None:
    """The answer on standard output. Past Python's buffers: these lose bytes of a large answer
    when a signal comes in between (seen on 3.11), and there is one for every read of it."""
    left = memoryview(f"{answer}\n".encode() if answer else b"")
    while left:
        left = left[os.write(sys.stdout.fileno(), left) :]
