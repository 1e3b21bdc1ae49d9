"""QEMU's monitor: one request, one answer, over its socket."""

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vm.process import CommandError


class Monitor:
    """An open QMP session; a context manager."""

    def __init__(self, path: Path, timeout: float = 300) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise CommandError(f"{path}: QEMU's monitor does not answer: {error}") from error
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._lines.readline()  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: str) -> Any:
        """What a QMP command returns; CommandError when QEMU refuses it."""
        request = {"execute": command, "arguments": arguments}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        for line in self._lines:
            answer = json.loads(line)
            if "error" in answer:
                raise CommandError(f"QEMU refused {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise CommandError(f"QEMU ended during {command}")

    def human(self, line: str) -> None:
        """A command that only the human monitor has; its complaints are its output."""
        said = str(self.execute("human-monitor-command", **{"command-line": line})).strip()
        if said:
            raise CommandError(f"QEMU, {line}: {said}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        self._socket.close()
