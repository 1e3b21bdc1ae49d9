"""From OpenNebula's exec to the message that tells it how the command ended."""

import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from support.busybox import until
from support.installation import Images, Installation, own
from support.monitord import Monitord, parse_template

pytestmark = pytest.mark.host

CAPTURED = Path(__file__).parents[2] / "opennebula/im/monitord-client.stdin.raw.xml"
VMID = own(7)
START = """\
import sys
from pathlib import Path
from control.monitoring import monitord
base = Path(sys.argv[1])
sys.exit(monitord.main(sys.argv[2:], base / "nebulxc.toml", base / "locks", base))
"""


def client(installation: Installation, *words: str, stdin: bytes = b"") -> None:
    """OpenNebula's run_monitord_client or stop_monitord_client."""
    command = (sys.executable, "-c", START, str(installation.base), *words, "lxc", "1", "here")
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_the_resident_client_tells_how_a_command_ended(
    installation: Installation, images: Images
) -> None:
    base = installation.base
    config = f'[store]\ndirectory = "{base}/store"\n[driver]\nstate = "{base}/ct"\n'
    (base / "nebulxc.toml").write_text(config)
    vm = installation.vm(VMID, root=images.busybox())
    installation.do("deploy", vm)
    with Monitord() as front_end:
        stdin = CAPTURED.read_bytes().replace(b"4124", b"%d" % front_end.port)
        stdin = stdin.replace(b"<MONITOR_ADDRESS><![CDATA[auto]]>", b"<MONITOR_ADDRESS>127.0.0.1")
        client(installation, stdin=stdin)
        try:
            given = b64encode(b"said").decode()
            installation.do("exec", vm, "sh -c 'cat; echo wrong >&2; exit 3'", given)
            until(lambda: front_end.texts("EXEC_VM"), "the outcome")
            ((_, told),) = parse_template(front_end.texts("EXEC_VM")[0])
        finally:
            client(installation, "stop")
    assert told | {"PID": ""} == {
        "ID": str(VMID),
        "PID": "",
        "STATUS": "DONE",
        "RETURN_CODE": "3",
        "STDOUT": given,
        "STDERR": b64encode(b"wrong\n").decode(),
    }
    assert b64decode(told["STDOUT"]) == b"said"
