"""A one-node Ceph beside the guest: monitor, manager and one storage daemon, without systemd.

It lives in the machine's network namespace, so nothing outside can reach it and it reaches
nothing. Its objects are in memory: it is up in seconds and leaves nothing on the disk.
"""

import json
import signal
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from vm import cache, netns, packages
from vm.process import CommandError, Service, run
from vm.settings import CEPH_IP, Instance

POOL = "one"
USER = "client.oneadmin"
"""What an OpenNebula host gets: a key limited to the pool."""

MON_ADDRESS = f"[v2:{CEPH_IP}:3300,v1:{CEPH_IP}:6789]"
CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = {address}
public addr = {ip}
keyring = {home}/keyring
run dir = {home}/run
pid file = {home}/run/$type.$id.daemon
admin socket = {home}/run/$cluster-$name.$pid.asok
log file = {home}/log/$name.log
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
mon allow pool delete = true
mon warn on pool no redundancy = false
auth allow insecure global id reclaim = false
mon data avail warn = 2
mon data avail crit = 1
osd memory target = 939524096
[mon]
mon data = {home}/mon
[mgr]
mgr data = {home}/mgr
keyring = {home}/mgr/keyring
mgr initial modules =
mgr stats period = 2
[osd]
osd data = {home}/osd
osd objectstore = memstore
keyring = {home}/osd/keyring
memstore device bytes = 2147483648
"""
ALL = {"mon": "allow *", "osd": "allow *", "mgr": "allow *", "mds": "allow *"}
DAEMONS = {"mon": "a", "mgr": "x", "osd": "0"}


@dataclass(frozen=True, slots=True)
class Ceph:
    """The cluster of one machine."""

    instance: Instance

    @property
    def home(self) -> Path:
        """Its data, keys, logs and sockets."""
        return self.instance.directory / "ceph"

    def daemon(self, kind: str) -> Service:
        """The process of "mon", "mgr" or "osd"."""
        return Service(self.home / f"run/{kind}.pid", self.home / f"log/{kind}.out")

    def client(self, *argv: str, timeout: float = 300) -> str:
        """Output of a ceph or rbd command as the cluster's administrator, on this machine."""
        configuration = {"CEPH_CONF": str(self.home / "ceph.conf")}
        return run(
            *netns.inside(self.instance.namespace), *argv, env=configuration, timeout=timeout
        )

    def start(self, *, bound: bool) -> None:
        """Make a new cluster and wait until its pool takes writes."""
        packages.ensure(packages.FOR_CEPH)
        self.end()
        netns.create(self.instance.namespace)
        for part in (*DAEMONS, "run", "log"):
            (self.home / part).mkdir(parents=True)
        fsid = str(uuid.uuid4())
        text = CONFIGURATION.format(fsid=fsid, address=MON_ADDRESS, ip=CEPH_IP, home=self.home)
        (self.home / "ceph.conf").write_text(text, encoding="utf-8")
        self._make_keys()
        self._make_monitor(fsid)
        self._start_daemon("mon", bound)
        self._make_osd()
        self._start_daemon("mgr", bound)
        self._start_daemon("osd", bound)
        self._make_pool()

    def _make_keys(self) -> None:
        keyrings = {
            "keyring": ("client.admin", ALL),
            "mgr/keyring": ("mgr.x", {**ALL, "mon": "allow profile mgr"}),
            "osd/keyring": (
                "osd.0",
                {"mon": "allow profile osd", "mgr": "allow profile osd", "osd": "allow *"},
            ),
            "all": ("mon.", {"mon": "allow *"}),
        }
        for file, (name, caps) in keyrings.items():
            granted = [word for part, cap in caps.items() for word in ("--cap", part, cap)]
            path = str(self.home / file)
            run("ceph-authtool", "--create-keyring", path, "--gen-key", "-n", name, *granted)
        for file in ("keyring", "mgr/keyring", "osd/keyring"):
            imported = ("--import-keyring", str(self.home / file))
            run("ceph-authtool", str(self.home / "all"), *imported)

    def _make_monitor(self, fsid: str) -> None:
        monmap = str(self.home / "monmap")
        place = ("--fsid", fsid, "--addv", "a", MON_ADDRESS, "--set-min-mon-release", "16")
        run("monmaptool", "--create", "--clobber", *place, monmap)
        keys = ("--keyring", str(self.home / "all"))
        self.client("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, *keys)

    def _make_osd(self) -> None:
        osd = str(uuid.uuid4())
        self.client("ceph", "osd", "new", osd, "0")
        self.client("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd, "--no-mon-config")

    def _start_daemon(self, kind: str, bound: bool) -> None:
        inside = netns.inside(self.instance.namespace)
        argv = [*inside, f"ceph-{kind}", "-f", "-i", DAEMONS[kind]]
        configuration = {"CEPH_CONF": str(self.home / "ceph.conf")}
        self.daemon(kind).start(argv, bound=bound, env=configuration)

    def _wait_until_ready(self, patience: float = 600) -> None:
        deadline = time.monotonic() + patience
        while not self._ready():
            if time.monotonic() > deadline:
                said = "\n".join(self.daemon(kind).said() for kind in DAEMONS)
                raise CommandError(f"Ceph is not ready after {patience:.0f} s\n{said}")
            time.sleep(0.3)

    def _make_pool(self) -> None:
        self.client("ceph", "osd", "pool", "create", POOL, "8")
        self._wait_until_ready()
        self.client("rbd", "pool", "init", POOL)
        rights = ("mon", "profile rbd", "osd", "profile rbd", "mgr", "profile rbd")
        keyring = str(self.home / f"ceph.{USER}.keyring")
        self.client("ceph", "auth", "get-or-create", USER, *rights, "-o", keyring)

    def _ready(self) -> bool:
        status = json.loads(self.client("ceph", "-s", "-f", "json"))
        groups = status["pgmap"].get("pgs_by_state", [])
        return bool(
            status["osdmap"]["num_up_osds"] == 1
            and status["mgrmap"]["available"]
            and groups
            and all(group["state_name"] == "active+clean" for group in groups)
        )

    def guest_files(self) -> dict[str, str]:
        """What a client in the guest needs: path → content."""
        name = f"ceph.{USER}.keyring"
        return {
            "/etc/ceph/ceph.conf": f"[global]\nmon host = {MON_ADDRESS}\n",
            f"/etc/ceph/{name}": (self.home / name).read_text(encoding="utf-8"),
        }

    def pause(self) -> None:
        """Stop every daemon where it stands, as a cluster that no longer answers."""
        for kind in DAEMONS:
            self.daemon(kind).signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let paused daemons go on, and wait until the pool takes writes again."""
        self._continue()
        # The only OSD has let its own lease run out, and without peers nothing renews it: its
        # groups stay "laggy", with every request waiting, until they peer anew.
        self.client("ceph", "osd", "down", "0")
        self._wait_until_ready()

    def _continue(self) -> None:
        for kind in DAEMONS:
            self.daemon(kind).signal(signal.SIGCONT)

    def end(self) -> None:
        """End the daemons and delete the cluster."""
        self._continue()  # a stopped process does not see SIGTERM
        for kind in reversed(DAEMONS):
            self.daemon(kind).end(grace=5)
        cache.remove(self.home)
