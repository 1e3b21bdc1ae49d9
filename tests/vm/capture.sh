#!/bin/sh
# In the guest: the containers whose files are recorded for the unit tests.
#   one-7   on a thin LV, with traffic and a process of lxc-attach
#   one-8   in a directory, with every limit, after an OOM kill, frozen
#   one-9   on a mapped image of Ceph's
#   one-10  on an LV with a snapshot
#   one-12  a Debian whose systemd has moved into init.scope
set -eu

container() { # NAME ROOT
    mkdir -p "/var/lib/lxc/$1/rootfs"
    cat >"/var/lib/lxc/$1/config" <<CONFIG
lxc.include = /usr/share/lxc/config/common.conf
lxc.uts.name = $1
lxc.rootfs.path = $2
lxc.net.0.type = veth
lxc.net.0.link = lxcbr0
lxc.net.0.name = eth0
lxc.net.0.flags = up
lxc.apparmor.profile = unconfined
CONFIG
    lxc-start -n "$1"
}

on_device() { # NAME DEVICE
    mkfs.ext4 -q -E nodiscard "$2"
    mount "$2" /mnt
    tar -C /mnt -xf /opt/roots/busybox.tar
    umount /mnt
    container "$1" "$2"
    lxc-attach -n "$1" -- dd if=/dev/zero of=/root/f bs=1M count=20 conv=fsync 2>/dev/null
}

lvcreate -q -y -n lv-one-7-0 -V 600M --thinpool vg-one-0/pool
on_device one-7 /dev/vg-one-0/lv-one-7-0
lxc-attach -n one-7 -- ping -c 3 10.0.3.1 >/dev/null || true
setsid lxc-attach -n one-7 -- sleep 100000 >/dev/null 2>&1 </dev/null &

rbd --id oneadmin map one/one-9-0 >/dev/null
on_device one-9 /dev/rbd/one/one-9-0

lvcreate -q -y -n lv-one-10-0 -L 300M vg-one-0
on_device one-10 /dev/vg-one-0/lv-one-10-0
lvcreate -q -y -s -n lv-one-10-0_s0 -L 100M vg-one-0/lv-one-10-0
lxc-attach -n one-10 -- dd if=/dev/zero of=/root/g bs=1M count=20 conv=fsync 2>/dev/null

debian=/var/lib/lxc/one-12
mkdir -p $debian/rootfs $debian/upper $debian/work
layers=lowerdir=/opt/roots/debian,upperdir=$debian/upper,workdir=$debian/work
mount -t overlay -o "$layers" overlay $debian/rootfs
container one-12 dir:$debian/rootfs

mkdir -p /var/lib/lxc/one-8/rootfs
tar -C /var/lib/lxc/one-8/rootfs -xf /opt/roots/busybox.tar
container one-8 dir:/var/lib/lxc/one-8/rootfs
limited=/sys/fs/cgroup/lxc.payload.one-8
lxc-attach -n one-8 -- dd if=/dev/zero of=/root/f bs=1M count=5 conv=fsync 2>/dev/null
echo 64M >$limited/memory.max
echo 32M >$limited/memory.swap.max
echo 20000 100000 >$limited/cpu.max
echo 100 >$limited/pids.max
lxc-attach -n one-8 -- dd if=/dev/zero of=/dev/null bs=200M count=1 2>/dev/null || true

ask='systemctl is-system-running 2>/dev/null || true'
until lxc-attach -n one-12 --clear-env -- sh -c "$ask" | grep -qE 'running|degraded'; do
    sleep 1
done
echo 1 >$limited/cgroup.freeze
