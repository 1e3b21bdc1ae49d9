"""The console server ends in order, whatever it is doing when it is told to."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from vmm.console import server, wanted
from vmm.console.login import Login
from vmm.console.server import Server
from vmm.console.wanted import Wanted

ASKED = {"one-7": Wanted("one-7", "127.0.0.1", 5907, "geheim")}


class SlowToClose:
    """A listener whose first close is cut short."""

    def __init__(self, asked: Wanted, *_: object) -> None:
        self.wanted = asked
        self.closing = asyncio.Event()
        self.closed = False

    async def open(self) -> None: ...

    async def close(self) -> None:
        if not self.closing.is_set():
            self.closing.set()
            await asyncio.sleep(3600)
        self.closed = True


def test_told_to_end_while_it_closes_a_console(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = [ASKED, {}]
    monkeypatch.setattr(wanted, "scan", lambda _: asked.pop(0))
    monkeypatch.setattr(server, "Listener", SlowToClose)
    monkeypatch.setattr(server, "ROUND_SECONDS", 0.0)

    async def end_it_in_the_middle() -> bool:
        serving = Server("", Login("", ()), str(tmp_path))
        running = asyncio.create_task(serving.run())
        while not serving._open:
            await asyncio.sleep(0)
        (listener,) = serving._open.values()
        assert isinstance(listener, SlowToClose)
        await listener.closing.wait()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        return listener.closed

    assert asyncio.run(end_it_in_the_middle())
