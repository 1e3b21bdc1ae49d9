#!/bin/sh
# The first process of a fresh machine: makes $1 the root of its namespaces, then reaps orphans.
# A chroot would not do: LXC pivots, and refuses where / is no mount point.
set -eu
root=$1

mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"   # of this network namespace, not of the outer machine's
mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -p "$root/run/outer" "$root/run/lock"
ip link set lo up
cd "$root"
pivot_root . run/outer
umount -l /run/outer
exec /bin/sh -c 'while :; do sleep 1 & wait; done'
