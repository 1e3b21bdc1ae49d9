from base64 import b64encode
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im_probes.configuration import MonitoringError
from im_probes.monitoring import parse
from im_probes.wire import MessageType

CAPTURED = (Path(__file__).parents[2] / "opennebula/im/monitord-client.stdin.raw.xml").read_bytes()


@pytest.mark.parametrize("stdin", [CAPTURED, b64encode(CAPTURED), b"\n" + CAPTURED + b"\n"])
def test_a_real_front_ends_configuration(stdin: bytes) -> None:
    monitoring = parse(stdin, "lxc", ssh_client="192.0.2.7")
    assert (monitoring.host_id, monitoring.address, monitoring.port) == (1, "192.0.2.7", 4124)
    assert monitoring.periods[MessageType.STATE_VM] == 5
    assert monitoring.periods[MessageType.SYSTEM_HOST] == 600
    assert monitoring.sync_s == 180
    assert monitoring.datastores == Path("/var/lib/one/datastores")
    assert monitoring.public_key == ""


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        (b"", "stdin is empty"),
        (b"%%%", "neither XML nor base64"),
        (b"<MONITOR_CONFIGURATION>", "not XML"),
        (b"<VM/>", "got <VM>"),
        (b'<?xml version="1.0" encoding="klingon"?><VM/>', "not XML: unknown encoding: klingon"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "not XML"),
        (CAPTURED.replace(b"4124", b"many"), "NETWORK/PORT"),
        (
            CAPTURED.replace(b"4124", b"70000"),
            "NETWORK/PORT must be a whole number from 1 to 65535",
        ),
        (CAPTURED.replace(b"4124", b"1" * 5000), "not '11111111111111111111'$"),
        (CAPTURED.replace(b"<HOST_ID>1", b"<HOST_ID>-1"), "HOST_ID"),
    ],
)
def test_a_bad_configuration_says_what_is_wrong(stdin: bytes, says: str) -> None:
    with pytest.raises(MonitoringError, match=says):
        parse(stdin, "lxc", ssh_client="192.0.2.7")


def test_a_driver_that_monitord_does_not_have_is_named() -> None:
    with pytest.raises(MonitoringError, match=r"'nebulxc' is not among .* \(kvm, qemu, lxc, dummy"):
        parse(CAPTURED, "nebulxc", ssh_client="192.0.2.7")


def test_auto_without_ssh_says_what_to_do() -> None:
    with pytest.raises(MonitoringError, match="set MONITOR_ADDRESS"):
        parse(CAPTURED, "lxc", ssh_client="")


@given(st.binary(max_size=200), st.integers(0, len(CAPTURED)))
def test_no_input_raises_anything_else(noise: bytes, at: int) -> None:
    with suppress(MonitoringError):
        parse(CAPTURED[:at] + noise + CAPTURED[at:], "lxc", ssh_client="192.0.2.7")
