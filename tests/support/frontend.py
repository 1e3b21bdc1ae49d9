"""The front-end's side of a test installation: shims, the sudo entry and the user behind them."""

import base64
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.busybox import until
from support.installation import Installation, run

import control
import vmm
from vmm.opennebula import arguments

PREFIX = str(3000 + os.getpid() % 4000)
"""VM 4 of the captures becomes VM 30004 to 69994, so that two runs side by side do not meet."""
USER = f"nxvp{PREFIX}"
BRIDGE = f"nxvpbr{PREFIX}"
HELPER = "/opt/nebulxc/bin/nebulxc-action"
STOCK_HAS, RETIRED = "/var/lib/lxc-one", "/etc/nebulxc/retired"
CALLS = Path(__file__).parents[1] / "opennebula"
REMOTES = Path(vmm.__file__).parent / "remotes"
SUDOERS = Path(control.__file__).parent / "nebulxc.sudoers"
ENVIRONMENT = {"HOME": "/", "USER": USER, "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/games"}
"""As seen on a host whose front-end calls over ssh: no sbin, no language."""


def vmid(captured: int) -> int:
    """The id here of a VM of the captures."""
    return int(f"{PREFIX}{captured}")


@dataclass(frozen=True)
class Call:
    """One captured call, moved to this installation."""

    name: str
    action: str
    argv: tuple[str, ...]
    stdin: bytes


@dataclass(frozen=True)
class Answer:
    """How a shim ended."""

    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """What OpenNebula would show: the lines of stderr that are no log records, joined."""
        records = re.compile(r"(ERROR|INFO|WARN|DEBUG):")
        return "".join(line for line in self.err.splitlines() if not records.match(line))


class FrontEnd:
    """Calls the shims of an installation as OpenNebula's user does."""

    def __init__(self, installation: Installation, bridge: str) -> None:
        self._installation = installation
        self._bridge = bridge
        self.base = installation.base
        self._sudoers = Path(f"/etc/sudoers.d/{self.base.name}")
        self.helper = self.base / "bin/nebulxc-action"
        self.config = self.base / "etc/nebulxc.toml"
        self.shims = self.base / "remotes/vmm/nebulxc"
        self.stock_has, self.retired = self.base / "lxc-one", self.base / "etc/retired"
        self._install()

    def _install(self) -> None:
        for name in ("bin", "etc", "remotes", "remotes/vmm", "remotes/vmm/nebulxc", "lxc-one"):
            (self.base / name).mkdir()
            (self.base / name).chmod(0o755)
        self.configure()
        program = (
            "from pathlib import Path; import vmm.stock as s; "
            "import control.settings.driver_policy as d; "
            f'd.HOOK = "{self.base}/hook"; s.HAS = "{self.stock_has}"; '
            "from control.driver.action import main; "
            f'raise SystemExit(main(config=Path("{self.config}")))'
        )
        self.helper.write_text(f"#!/bin/sh\nexec {sys.executable} -I -c '{program}' \"$@\"\n")
        self.helper.chmod(0o755)
        for shim in REMOTES.iterdir():
            copy = self.shims / shim.name
            text = shim.read_text().replace(HELPER, str(self.helper))
            text = text.replace(STOCK_HAS, str(self.stock_has))
            copy.write_text(text.replace(RETIRED, str(self.retired)))
            copy.chmod(0o755)
        run("useradd", "--system", "--no-create-home", "--shell", "/bin/sh", USER)
        entry = SUDOERS.read_text().replace("oneadmin", USER).replace(HELPER, str(self.helper))
        self._sudoers.write_text(entry)
        self._sudoers.chmod(0o440)

    def configure(self, **keys: str) -> None:
        """Write the node's configuration: the installation's paths, and `keys` as TOML."""
        policy = self._installation.policy
        paths = ("state", "lxc", "log", "journal", "datastores", "profiles")
        lines = [f'{name} = "{getattr(policy, name)}"' for name in paths]
        lines += [f"{key} = {value}" for key, value in keys.items()]
        self.config.write_text('[driver]\nsettle = "0.1s"\n' + "\n".join(lines) + "\n")
        self.config.chmod(0o644)

    def close(self) -> None:
        """Take back what is outside of the base directory."""
        self._sudoers.unlink(missing_ok=True)
        # Refused while anything runs as that user: a shim whose caller was killed may yet end.
        argv = ("userdel", USER)
        until(lambda: subprocess.run(argv, check=False).returncode == 0, f"the last of {USER}'s")

    def calls(self, directory: str) -> list[Call]:
        """The captured calls of a directory in order, with paths, ids and bridges moved."""
        return [
            self._moved(path.parent) for path in sorted((CALLS / directory).glob("*/argv.json"))
        ]

    def _moved(self, directory: Path) -> Call:
        stdin = self._stdin((directory / "stdin").read_bytes())
        message = base64.b64encode(stdin.strip()).decode()
        action = directory.name.rpartition(".")[2]
        words = json.loads((directory / "argv.json").read_text())
        kinds = zip(arguments.SHAPES[action], words, strict=False)
        moved = (f"{PREFIX}{word}" if kind == "VMID" else self._move(word) for kind, word in kinds)
        argv = tuple(message if word == "@message64" else word for word in moved)
        return Call(directory.name, action, argv, stdin)

    def _stdin(self, stdin: bytes) -> bytes:
        if stdin.startswith(b"<"):
            return self._move(stdin.decode()).encode()
        return base64.b64encode(self._move(base64.b64decode(stdin).decode()).encode())

    def _move(self, text: str) -> str:
        """VM 4 becomes `vmid(4)`, its datastore the installation's, each bridge the test's."""
        text = re.sub(
            r"/var/lib/one//datastores/(\d+)/(\d)/",
            rf"/var/lib/one//datastores/\1/{PREFIX}\2/",
            text,
        )
        text = text.replace("/var/lib/one//datastores", f"{self.base}//ds")
        text = re.sub(r"\bone-(\d)\b", rf"one-{PREFIX}\1", text)
        text = re.sub(r"<VM><ID>(\d)<", rf"<VM><ID>{PREFIX}\1<", text)
        text = re.sub(r"<VMID><!\[CDATA\[(\d)\]", rf"<VMID><![CDATA[{PREFIX}\1]", text)
        return re.sub(r"\bonebr\d\b", self._bridge, text)

    def run(
        self, action: str, *argv: str, stdin: bytes = b"", env: dict[str, str] | None = None
    ) -> Answer:
        """One shim, as OpenNebula's user."""
        done = subprocess.run(
            self.command(action, *argv),
            input=stdin,
            capture_output=True,
            cwd="/",
            env=ENVIRONMENT | (env or {}),
            timeout=250,
            check=False,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def command(self, action: str, *argv: str) -> tuple[str, ...]:
        """The argument list that runs a shim as OpenNebula's user."""
        who = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")
        return ("/usr/bin/" + who[0], *who[1:], str(self.shims / action), *argv)

    def call(self, call: Call) -> Answer:
        """A captured call."""
        return self.run(call.action, *call.argv, stdin=call.stdin)
