#!/bin/sh
# On this machine: the containers whose files are recorded for the unit tests.
#   nxhd1  in a directory, with a veth whose other end is in no bridge
#   nxhd2  on an image over a loop device, with a second one at /mnt
# capture-here.sh make | clear. The loops are new ones: where some cgroup ever had a limit on a
# device, v1 counts it for all; the unit tests want one that is counted and one that is not, and
# know both by their numbers.
set -eu
place=/var/tmp/nxhd
lxc=$place/lxc
images=$place/datastores
root=/dev/loop72
data=/dev/loop73

busybox() { # DIRECTORY
    lxc-create -P $lxc -n nxhd-template -t busybox >/dev/null
    cp -a $lxc/nxhd-template/rootfs/. "$1"
    lxc-destroy -P $lxc -n nxhd-template
}

container() { # NAME ROOT LINE...
    name=$1 rootfs=$2
    shift 2
    mkdir -p "$lxc/$name"
    cat >"$lxc/$name/config" <<CONFIG
lxc.include = /usr/share/lxc/config/common.conf
lxc.uts.name = $name
lxc.rootfs.path = $rootfs
lxc.rootfs.managed = 0
lxc.apparmor.profile = unconfined
lxc.mount.entry = /usr/lib lib none ro,bind,create=dir 0 0
lxc.mount.entry = /usr/lib usr/lib none ro,bind,create=dir 0 0
lxc.mount.entry = /usr/lib64 lib64 none ro,bind,create=dir 0 0
lxc.mount.entry = /usr/lib64 usr/lib64 none ro,bind,create=dir 0 0
CONFIG
    printf '%s\n' "$@" >>"$lxc/$name/config"
    lxc-start -P $lxc -n "$name" -l INFO -o $place/log
}

make() {
    mkdir -p $lxc/nxhd1/rootfs $images/0/7 $images/1
    busybox $lxc/nxhd1/rootfs
    truncate -s 64M $images/0/7/disk.0
    mkfs.ext4 -q -F -d $lxc/nxhd1/rootfs $images/0/7/disk.0
    truncate -s 16M $images/1/abc
    mkfs.ext4 -q -F $images/1/abc
    losetup $root $images/0/7/disk.0
    losetup $data $images/1/abc
    container nxhd1 dir:$lxc/nxhd1/rootfs lxc.net.0.type=veth lxc.net.0.name=eth0 \
        lxc.net.0.flags=up
    mkdir -p $lxc/nxhd2/rootfs
    mount $root $lxc/nxhd2/rootfs
    container nxhd2 dir:$lxc/nxhd2/rootfs "lxc.mount.entry=$data mnt ext4 rw 0 0"
    # v1 on a recent kernel counts a device once some cgroup had a limit on it
    limit=/sys/fs/cgroup/blkio/lxc.payload.nxhd2/blkio.throttle.write_bps_device
    if [ -e $limit ]; then
        number=$(stat -c '%Hr:%Lr' $root)
        echo "$number 1000000000" >$limit
        echo "$number 0" >$limit
    fi
    for name in nxhd1 nxhd2; do
        lxc-attach -P $lxc -n $name -- dd if=/dev/zero of=/root/f bs=1M count=4 conv=fsync 2>/dev/null
    done
    sync
    echo 3 >/proc/sys/vm/drop_caches
    lxc-attach -P $lxc -n nxhd2 -- dd if=/root/f of=/dev/null bs=1M 2>/dev/null
}

remove_loop() { # NUMBER: LOOP_CTL_REMOVE, for which there is no command
    tries=0
    # other containers' monitors may hold it for a moment
    while [ -e "/sys/block/loop$1" ] && [ $tries -lt 50 ]; do
        python3 -I -c "import fcntl
with open('/dev/loop-control') as control:
    fcntl.ioctl(control, 0x4C81, $1)" 2>/dev/null || sleep 0.2
        tries=$((tries + 1))
    done
    [ ! -e "/sys/block/loop$1" ] || { echo "loop$1 is in use: who has it? losetup -a" >&2; exit 1; }
}

clear_all() {
    for name in nxhd1 nxhd2; do
        [ ! -d $lxc/$name ] || lxc-stop -P $lxc -k -n $name 2>/dev/null || true
        while pgrep -f "^.lxc monitor. $lxc $name\$" >/dev/null; do sleep 0.2; done
    done
    umount $lxc/nxhd2/rootfs 2>/dev/null || true
    for loop in $root $data; do
        file=$(losetup -n -O BACK-FILE $loop 2>/dev/null || true)
        case $file in
            '') ;;
            $images/*) losetup -d $loop ;;
            *) echo "$loop has $file: free it, then capture again" >&2; exit 1 ;;
        esac
        remove_loop ${loop#/dev/loop}
    done
    rm -rf --one-file-system $place
}

case $1 in
    make) make ;;
    clear) clear_all ;;
esac
