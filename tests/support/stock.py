"""A stand-in for OpenNebula's stock LXC driver, beside the shims of a test front-end.

It does what that driver's scripts do to a host, in their order, and leaves the same traces: a
loop device, its file system on `<datastore>/<VMID>/mapper/disk.0`, a bind mount on
`/var/lib/lxc-one/<VMID>/disk.0` (bindfs there), LXC's own definition; `lxc-destroy` at the end.
"""

from pathlib import Path

from support.frontend import USER, FrontEnd
from support.installation import Installation

SETTINGS = """\
set -e
action={action} has={has} ds={ds}/0 lxc={lxc} id={id}
name=one-$id home=$ds/$id
echo "$action $*" >>{base}/stock.calls
cat >/dev/null
run() {{ command=$1; shift; "$command" -P "$lxc" -n "$name" "$@"; }}
clean() {{
    umount "$has/$id/disk.0"
    device=$(findmnt -no SOURCE "$home/mapper/disk.0")
    umount "$home/mapper/disk.0"
    losetup -d "$device"
    rm -rf "${{has:?}}/$id"
    run lxc-destroy
}}
"""
CONFIG = """\
lxc.rootfs.path = dir:{has}/{id}/disk.0
lxc.net.0.type = empty
lxc.mount.auto = proc:mixed sys:ro
lxc.tty.max = 0
lxc.signal.halt = SIGUSR1
lxc.signal.reboot = SIGTERM
lxc.apparmor.profile = unconfined
"""
BODIES = {
    "deploy": """\
[ ! -e "$has/$id" ] || clean || true
mkdir -p "$home/mapper/disk.0" "$has/$id/disk.0"
device=$(losetup --find --show "$home/disk.0")
mount "$device" "$home/mapper/disk.0"
mount --bind "$home/mapper/disk.0" "$has/$id/disk.0"
if [ -e "$lxc/$name" ]; then run lxc-destroy; fi
run lxc-create -t none -f {base}/stock.conf >/dev/null
run lxc-start
echo "$name"
""",
    "shutdown": "run lxc-stop\nclean >/dev/null\n",
    "cancel": "run lxc-stop -k\nclean >/dev/null\n",
    "reboot": 'run lxc-stop\nrun lxc-start -f "$lxc/$name/config"\n',
}


class Stock:
    """The stock driver for the VM `vmid`, installed at `../lxc` of the shims."""

    def __init__(self, front: FrontEnd, installation: Installation, vmid: int) -> None:
        self.base, self.vmid = front.base, vmid
        self.scripts = front.shims.parent / "lxc"
        self.has = front.stock_has / str(vmid)
        self.mapper = Path(installation.policy.datastores, f"0/{vmid}/mapper")
        self.lxc = installation.policy.lxc
        self.scripts.mkdir(mode=0o755)
        (self.base / "stock").mkdir(mode=0o755)
        values = {"has": front.stock_has, "ds": installation.policy.datastores, "id": vmid}
        values |= {"lxc": self.lxc, "base": self.base}
        (self.base / "stock.conf").write_text(CONFIG.format(**values))
        for action, body in BODIES.items():
            text = SETTINGS.format(action=action, **values) + body.replace("{base}", str(self.base))
            self._script(self.base / "stock" / action, f"#!/bin/sh\n{text}")
            self._script(
                self.scripts / action, f'#!/bin/sh\nexec sudo -n {self.base}/stock/{action} "$@"\n'
            )
        self._sudoers = Path(f"/etc/sudoers.d/{self.base.name}-stock")
        self._sudoers.write_text(f"{USER} ALL = (root) NOPASSWD: {self.base}/stock/*\n")
        self._sudoers.chmod(0o440)

    def _script(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def calls(self) -> list[str]:
        """What it was asked for: the action and its arguments."""
        try:
            return (self.base / "stock.calls").read_text().splitlines()
        except FileNotFoundError:
            return []

    def close(self) -> None:
        """Take back what is outside of the base directory."""
        self._sudoers.unlink(missing_ok=True)
