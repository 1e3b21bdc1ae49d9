"""What is otherwise than it should be; and the command itself."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.installation import Images, Installation, nic, run
from support.ward import OTHER, VMID, Ward

from control.cli import main

pytestmark = pytest.mark.host

LIMIT = Path(f"/sys/fs/cgroup/memory/lxc.payload.one-{VMID}/memory.limit_in_bytes")


def test_a_limit_that_is_not_what_the_vm_has(ward: Ward) -> None:
    ward.deploy()
    LIMIT.write_text(str(128 << 20))
    found = ward.one(f"memory.limit_in_bytes is {128 << 20}, not {64 << 20}")
    assert found.where.endswith(f"one-{VMID}")
    ward.repaired()
    assert int(LIMIT.read_text()) == 64 << 20


def test_a_configuration_that_is_not_what_the_vm_has(ward: Ward) -> None:
    ward.deploy()
    path = Path(ward.state.path("config"))
    text = path.read_text()
    key = "lxc.cgroup.cpu.shares"
    path.write_text(text.replace(f"{key} = 512", f"{key} = 99"))
    assert ward.one(f"has {key} = 99, not 512").repair is None
    path.write_text("".join(s for s in text.splitlines(keepends=True) if key not in s))
    ward.one(f"lacks {key} = 512")


def test_a_line_that_somebody_wrote_into_a_configuration(ward: Ward) -> None:
    ward.deploy()
    assert ward.findings() == []
    path = Path(ward.state.path("config"))
    path.write_text(path.read_text() + "lxc.mount.entry = /etc mnt none bind 0 0\n")
    found = ward.one('it has "lxc.mount.entry = /etc mnt none bind 0 0"')
    assert (found.note, found.repair) == (True, None)


def test_lxc_that_does_not_know_a_running_container(ward: Ward) -> None:
    ward.deploy()
    config = Path(ward.container.stub, "config")
    config.unlink()
    ward.one("LXC does not know it")
    ward.repaired()
    said = run("lxc-info", "-P", ward.installation.policy.lxc, "-n", ward.vm.name, "-sH")
    assert said == "RUNNING\n"


def test_host_ids_that_two_share(ward: Ward, images: Images) -> None:
    other = ward.installation.vm(OTHER, root=images.busybox())
    ward.deploy().halt()
    ward.installation.do("deploy", other)
    plans = [Path(ward.installation.policy.state, f"one-{v}/plan.json") for v in (VMID, OTHER)]
    first, second = (json.loads(path.read_text()) for path in plans)
    plans[0].write_text(json.dumps(first | {"uid": second["uid"] + 100}))
    assert [one.what for one in ward.findings()] == [f"it shares host ids with one-{VMID}"]
    plans[0].write_text(json.dumps(first | {"uid": 100_000}))
    assert [one.what for one in ward.findings()] == ["its host ids are outside of the node's pool"]
    ward.installation.do("cancel", other)


def test_a_nic_that_is_not_where_it_should_be(ward: Ward) -> None:
    bridge = f"nxid{VMID}"
    run("ip", "link", "add", bridge, "type", "bridge")
    try:
        ward.vm = replace(ward.vm, nics=(nic(VMID, 0, bridge),))
        ward.deploy()
        assert ward.findings() == []
        run("ip", "link", "set", f"one-{VMID}-0", "nomaster")
        ward.one(f"one-{VMID}-0 is not on the bridge {bridge}")
        run("ip", "link", "del", f"one-{VMID}-0")
        ward.one(f"the host has no interface one-{VMID}-0")
        ward.installation.do("cancel", ward.vm)
    finally:
        run("ip", "link", "del", bridge)


@pytest.fixture
def doctor(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """The command with this installation's configuration."""
    policy = installation.policy
    keys = ("state", "lxc", "log", "journal", "datastores")
    text = "[driver]\n" + "\n".join(f'{key} = "{getattr(policy, key)}"' for key in keys)
    (installation.base / "nebulxc.toml").write_text(text)

    def run(*words: str) -> tuple[int, str]:
        status = main(["doctor", "--config", str(installation.base / "nebulxc.toml"), *words])
        return status, capsys.readouterr().out

    return run


def test_the_command_tells_repairs_and_ends_well(
    ward: Ward, doctor: Callable[..., tuple[int, str]]
) -> None:
    healthy, _ = doctor()  # the machine's own findings, if any, are in all that follows
    ward.state.create()
    status, said = doctor()
    line = f"{ward.vm.name}: its definition is half written"
    assert status == 1
    assert line in said
    assert "\n    would (--repair): remove the definition" in said
    assert ward.state.present
    (found,) = (one for one in json.loads(doctor("--json")[1]) if one["subject"] != "node")
    assert (found["repairable"], found["repaired"], found["note"]) == (True, None, False)
    status, said = doctor("--repair")
    assert (status, f"{line}" in said) == (healthy, True)
    assert "\n    done: remove the definition" in said
    status, said = doctor()
    assert (status, line in said) == (healthy, False)
