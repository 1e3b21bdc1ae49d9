"""What only the shell around the agent does."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.host

RUN = Path(__file__).parents[3] / "scripts" / "run"
ASKS = (
    'eval "$(sed -n "/^find_ssh_connection/,/^}/p" "$0")"; printf "<%s>" "$(find_ssh_connection)"'
)


def test_what_sudo_dropped_is_found_in_the_shell_above() -> None:
    """As sudo does it: a shell with the variable starts a program without it."""
    connection = "192.0.2.9 51234 198.51.100.7 22"
    shell = f"env -u SSH_CONNECTION bash -euc '{ASKS}' {RUN}; true"
    environment = {**os.environ, "SSH_CONNECTION": connection}
    said = subprocess.run(["bash", "-c", shell], env=environment, capture_output=True, check=True)
    assert said.stdout.decode() == f"<{connection}>"
