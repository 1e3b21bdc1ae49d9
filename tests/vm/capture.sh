#!/bin/sh
# In the guest: the containers whose files are recorded for the unit tests.
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
lxc.apparmor.profile = lxc-container-default-cgns
CONFIG
    lxc-start -n "$1"
}

lvcreate -q -y -n lv-one-7-0 -V 600M --thinpool vg-one-0/pool
mkfs.ext4 -q /dev/vg-one-0/lv-one-7-0
mount /dev/vg-one-0/lv-one-7-0 /mnt
tar -C /mnt -xf /opt/roots/busybox.tar
umount /mnt
container one-7 /dev/vg-one-0/lv-one-7-0

mkdir -p /var/lib/lxc/one-8/rootfs
tar -C /var/lib/lxc/one-8/rootfs -xf /opt/roots/busybox.tar
container one-8 dir:/var/lib/lxc/one-8/rootfs

limited=/sys/fs/cgroup/lxc.payload.one-8
lxc-attach -n one-7 -- dd if=/dev/zero of=/root/f bs=1M count=20 conv=fsync 2>/dev/null
lxc-attach -n one-8 -- dd if=/dev/zero of=/root/f bs=1M count=5 conv=fsync 2>/dev/null
echo 64M >$limited/memory.max
echo 50000 100000 >$limited/cpu.max
echo 100 >$limited/pids.max
lxc-attach -n one-8 -- dd if=/dev/zero of=/dev/null bs=100M count=1 2>/dev/null || true
lxc-attach -n one-8 -- ping -c 3 10.0.3.1 >/dev/null || true
echo 1 >$limited/cgroup.freeze
