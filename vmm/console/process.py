"""Children of the console server: started without privileges, ended in order."""

import asyncio
from collections.abc import Mapping, Sequence

from vmm.console import line
from vmm.errors import DriverError
from vmm.host import PATH

END_SECONDS = 5.0

Child = asyncio.subprocess.Process


async def start(
    uid: int, *argv: str, pass_fds: Sequence[int], env: Mapping[str, str] | None = None
) -> Child:
    """A child with the ids `uid` and no privilege at all, which dies with us."""
    ids = str(uid)
    return await asyncio.create_subprocess_exec(
        *("setpriv", "--reuid", ids, "--regid", ids, "--clear-groups", "--no-new-privs"),
        *("--bounding-set=-all", "--inh-caps=-all", "--pdeathsig", "KILL", "--", *argv),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        pass_fds=pass_fds,
        cwd="/",
        env={"PATH": PATH, "LC_ALL": "C.UTF-8", **(env or {})},
    )


async def said(child: Child, fd: int) -> str:
    """The first line that the child writes to `fd`; DriverError, with it ended, when none comes."""
    try:
        found = await line.read(fd)
    except BaseException:
        await end(child)
        raise
    if not found:
        await end(child)
        raise DriverError("a program of the console ended at once", "see the service's log")
    return found


async def end(child: Child) -> None:
    """End it: asked to, so that an X server removes its socket, or else at once."""
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(END_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
