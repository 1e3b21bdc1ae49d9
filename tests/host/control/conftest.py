import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.port import reserved

TOP = Path(__file__).parents[3]
COMMAND = TOP / ".venv" / "bin" / "nebulxc"
DEMO_BASE = Path("/var/lib/nebulxc/demo")


class Agent:
    """`scripts/run` as a user starts it, with a configuration, a store and a demo of its own."""

    def __init__(self, directory: Path, port: int) -> None:
        self.demo = f"nbx{os.getpid()}"
        self.listen = f"127.0.0.1:{port}"
        self.url = f"http://{self.listen}/"
        self.config = directory / "nebulxc.toml"
        self.store = directory / "store"
        self.config.write_text(
            f'[collector]\ninterval = "1s"\n[store]\ndirectory = "{self.store}"\n'
            f'[page]\nlisten = "{self.listen}"\n'
        )
        self.containers = [f"{self.demo}-1", f"{self.demo}-2"]
        self._process: subprocess.Popen[str] | None = None

    def start(self, *options: str) -> list[str]:
        """Start it and wait; the lines it greets with."""
        self._process = subprocess.Popen(
            [TOP / "scripts" / "run", "--config", self.config, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines: list[str] = []
        watchdog = threading.Timer(240, self._process.kill)
        watchdog.start()
        assert self._process.stdout is not None
        for line in self._process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("Ctrl-C"):
                break
        watchdog.cancel()
        if not lines or not lines[-1].startswith("Ctrl-C"):
            raise AssertionError(f"it did not start: {lines} {self._process.communicate()[1]}")
        return [line for line in lines if not line.startswith("Installing")]

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait; the exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        self._process.communicate(timeout=180)
        return self._process.returncode

    def close(self) -> None:
        """End it on every path."""
        if self._process is not None and self._process.poll() is None:
            try:
                self.end(signal.SIGTERM)
            finally:
                self._process.kill()
                self._process.communicate()

    def command(self, *words: str) -> str:
        """What `nebulxc WORDS` prints."""
        return run([COMMAND, *words, "--config", self.config]).stdout

    def page(self) -> int:
        """The process id of the page that the agent runs now."""
        assert self._process is not None
        children: list[str] = []
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            with contextlib.suppress(OSError):  # the thread ended meanwhile
                children += (thread / "children").read_text().split()
        (page,) = [int(pid) for pid in children if _runs_page(pid)]
        return page

    def left_behind(self) -> list[str]:
        """What there still is of the demo."""
        links = [name for name in os.listdir("/sys/class/net") if name.startswith(self.demo)]
        processes = run(["ps", "-eo", "args"]).stdout.splitlines()
        monitors = [args for args in processes if f" {self.demo}-" in args and "[lxc" in args]
        files = [str(path) for path in DEMO_BASE.glob(f"{self.demo}*")]
        # Not by a glob: others' cgroups go while one looks, which fails it.
        tree = os.walk("/sys/fs/cgroup")
        cgroups = [
            f"{top}/{name}"
            for top, names, _ in tree
            for name in names
            if name.startswith("lxc.") and f".{self.demo}-" in name
        ]
        return links + monitors + files + cgroups


def run(argv: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, timeout=200, check=True)


def _runs_page(pid: str) -> bool:
    with contextlib.suppress(OSError):  # it ended meanwhile
        return b"control.services.page" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


@pytest.fixture
def agent() -> Iterator[Agent]:
    # pytest's own directories are closed to the page's user.
    with (
        tempfile.TemporaryDirectory(dir="/var/tmp", prefix="nebulxc-run-") as name,
        reserved() as port,
    ):
        directory = Path(name)
        directory.chmod(0o755)
        made = Agent(directory, port)
        yield made
        made.close()
