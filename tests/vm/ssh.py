"""The way into the guest: one ssh connection, kept open (0.1 s a command instead of a second)."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from vm import netns
from vm.checkout import files, packed
from vm.process import BOUND, CommandError, Service, run, stream
from vm.settings import CHECKOUT, Instance

PORT = 2222  # on the namespace's loopback: machines with different names do not collide


@dataclass(frozen=True, slots=True)
class Guest:
    """Commands and files in a running machine."""

    instance: Instance
    key: Path

    @property
    def hint(self) -> str:
        """Where to look when it does not answer."""
        return f"see its console ({self.instance.command} log, while it is up)"

    def _argv(self, *options: str) -> list[str]:
        """ssh in the machine's namespace, through the kept connection."""
        settings = {
            "IdentityFile": str(self.key),
            "ControlPath": str(self.instance.directory / "ssh.control"),
            "BatchMode": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "ConnectTimeout": "20",
            # the cheapest to emulate
            "Ciphers": "aes128-ctr",
            "MACs": "hmac-sha2-256",
        }
        chosen = [f"-o{name}={value}" for name, value in settings.items()]
        inside = netns.inside(self.instance.namespace)
        return [*inside, "ssh", "-F", "none", "-p", str(PORT), *chosen, *options, "root@127.0.0.1"]

    @property
    def _connection(self) -> Service:
        directory = self.instance.directory
        return Service(directory / "ssh.pid", directory / "ssh.log")

    def connected(self) -> bool:
        """Whether the kept connection works."""
        check = subprocess.run(self._argv("-Ocheck"), capture_output=True, check=False)
        return check.returncode == 0

    def connect(self, machine: Service, *, bound: bool, patience: float = 600) -> None:
        """Open the kept connection, trying until the guest answers; it may still be booting."""
        deadline = time.monotonic() + patience
        self.disconnect()
        while not self.connected():
            if machine.identity() is None:
                raise CommandError(f"the machine ended: {machine.said()}")
            if time.monotonic() > deadline:
                raise CommandError(f"no answer from the guest in {patience:.0f} s: {self.hint}")
            if self._connection.identity() is None:
                self._connection.start(self._argv("-M", "-N"), bound=bound)
            time.sleep(0.2)

    def disconnect(self) -> None:
        """Close the kept connection."""
        self._connection.end(grace=2)
        (self.instance.directory / "ssh.control").unlink(missing_ok=True)

    def run(
        self, command: str, *, stdin: bytes = b"", check: bool = True, timeout: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the guest; CommandError unless it returns 0 or `check` is off."""
        argv = [*BOUND, *self._argv(), command]
        try:
            done = subprocess.run(
                argv, input=stdin, capture_output=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired as expired:
            raise CommandError(
                f"in the guest, no end after {timeout:.0f} s: {command}"
            ) from expired
        result = subprocess.CompletedProcess(
            [command],
            done.returncode,
            done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
        )
        if check and result.returncode:
            said = (result.stderr + result.stdout).strip()[-2000:]
            raise CommandError(f"in the guest, status {result.returncode}: {command[:300]}\n{said}")
        return result

    def stream(self, command: str, log: Path | None = None) -> int:
        """Run a command with our own input and output, which is kept in `log`; its status."""
        terminal = ("-t",) if _is_terminal() else ()
        argv = [*BOUND, *self._argv(*terminal), command]
        if log:
            return stream(argv, log)
        return subprocess.run(argv, check=False).returncode

    def shell(self) -> int:
        """An interactive root shell; its status."""
        return subprocess.run([*BOUND, *self._argv("-t")], check=False).returncode

    def push_checkout(self, target: str) -> None:
        """Copy what git knows or would add to `target`, which is made anew."""
        archive = packed(CHECKOUT, files(CHECKOUT))
        unpack = f"rm -rf {target} && mkdir -p {target} && tar -C {target} -x --no-same-owner"
        self.run(unpack, stdin=archive)

    def pull(self, source: str, target: Path) -> None:
        """Copy a directory of the guest into `target`."""
        target.mkdir(parents=True, exist_ok=True)
        argv = [*BOUND, *self._argv(), f"tar -C {source} -c ."]
        archive = subprocess.run(argv, capture_output=True, check=False)
        if archive.returncode:
            raise CommandError(f"cannot fetch {source}: {archive.stderr.decode(errors='replace')}")
        run("tar", "-C", str(target), "-x", "--no-same-owner", stdin=archive.stdout)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
