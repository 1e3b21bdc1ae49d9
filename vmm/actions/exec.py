"""exec: begin a command inside the container. How it ends is told by the EXEC_VM probe."""

import base64
import binascii
import os
import shlex
import time

from vmm import bounded, execution
from vmm.errors import DriverError, NotFound
from vmm.execution import Outcome
from vmm.host import PATH
from vmm.opennebula.arguments import SHAPES
from vmm.site import Site
from vmm.spec import Message

OUTPUT_BYTES = 16 << 10
"""Of each of the two outputs: both, in base64, must fit into one message to monitord."""
AGAIN_SECONDS = 1.0
COMMAND = SHAPES["exec"].index("COMMAND") - 2
"""Its place in the message's arguments, which lack VMID and HOST."""


def run(site: Site, message: Message) -> str:
    """Nothing to say. The command is split as a shell splits words; no shell runs it."""
    container = site.container(message.vm.name)
    words = _words(message.arguments[COMMAND])
    given = _given(message.arguments[COMMAND + 1 :])
    if container.init() is None:
        raise NotFound(f"{container.name} does not run", "resume the VM")
    if container.cgroups.frozen():
        raise DriverError(f"{container.name} is suspended", "resume the VM")
    seconds = site.policy.exec_timeout
    group = os.stat(os.path.dirname(site.policy.journal)).st_gid

    def work(begun: str) -> Outcome:
        argv = (*container.attaching(f"{execution.VARIABLE}={begun}"), *words)
        env = {"PATH": PATH, "LC_ALL": "C", execution.VARIABLE: begun}
        limits = (seconds, OUTPUT_BYTES)
        return bounded.run(argv, given, env, limits, lambda: _end(begun))

    execution.begin(container.state, group, work)
    return ""


def _end(begun: str) -> None:
    """End the command, in a container that was suspended meanwhile once it goes on."""
    while True:
        try:
            execution.end(begun)
        except DriverError:
            time.sleep(AGAIN_SECONDS)
        else:
            return


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise DriverError(f"the command cannot be split into words: {error}") from error
    if not words or any("\0" in word for word in words):
        raise DriverError("the command is empty, or holds a zero byte")
    return words


def _given(arguments: tuple[str, ...]) -> bytes:
    """Standard input, which OpenNebula gives in base64."""
    try:
        return base64.b64decode(arguments[0] if arguments else "", validate=True)
    except binascii.Error as error:
        raise DriverError(f"the command's standard input is not base64: {error}") from error
