#!/bin/sh
# Make a bootstrapped Debian tree the test host's. configure.sh TREE SSH_PUBLIC_KEY
set -eu
tree=$1 key=$2
version=$(ls "$tree/lib/modules")
modules=$tree/lib/modules/$version

# Drivers of hardware the machine cannot have.
for unused in gpu media sound infiniband iio hid net/wireless net/ethernet; do
    rm -rf "$modules/kernel/drivers/$unused"
done
# Checking a module's signature is slow on an emulated processor, and so is unpacking it: drop
# both. The kernel then calls itself tainted (E).
find "$modules" -name '*.ko.xz' -exec xz -d {} +
find "$modules" -name '*.ko' -exec strip --strip-debug {} +
printf 'blacklist %s\n' ata_piix ata_generic sr_mod sg floppy psmouse serio_raw i2c_piix4 \
    parport_pc pcspkr evdev button qemu_fw_cfg virtio_console >"$tree/etc/modprobe.d/testhost.conf"
depmod -b "$tree" "$version"

echo testhost >"$tree/etc/hostname"
echo '127.0.0.1 localhost testhost' >"$tree/etc/hosts"
echo 'LABEL=root / ext4 noatime,commit=60 0 1' >"$tree/etc/fstab"
echo 0123456789abcdef0123456789abcdef >"$tree/etc/machine-id"
echo 'nameserver 10.0.2.3' >"$tree/etc/resolv.conf"
cat >"$tree/etc/systemd/network/10-user.network" <<'NETWORK'
[Match]
Name=en* eth*
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
NETWORK
# Containers' veths belong to LXC.
cat >"$tree/etc/systemd/network/05-containers.network" <<'NETWORK'
[Match]
Kind=veth bridge
[Link]
Unmanaged=yes
NETWORK
mkdir -p "$tree/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\n' >"$tree/etc/systemd/journald.conf.d/testhost.conf"

install -d -m 700 "$tree/root/.ssh"
install -m 600 "$key" "$tree/root/.ssh/authorized_keys"
cat >"$tree/etc/ssh/sshd_config.d/testhost.conf" <<'SSHD'
UseDNS no
PermitRootLogin prohibit-password
HostKey /etc/ssh/ssh_host_ed25519_key
MaxSessions 50
SSHD
# The session of an ssh login is a session of systemd-logind, as on a real host: PAM stays on.
chroot "$tree" passwd -q -d root
grep -q '^root:600100001:' "$tree/etc/subuid" || for file in subuid subgid; do
    echo root:600100001:65536 >>"$tree/etc/$file"
done

chroot "$tree" systemctl -q enable systemd-networkd ssh lxc lxc-net lxcfs apparmor
# Started by the tests that need it.
chroot "$tree" systemctl -q disable openvswitch-switch
# What costs boot time and tests nothing.
chroot "$tree" systemctl -q mask \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer man-db.timer logrotate.timer systemd-tmpfiles-clean.timer \
    systemd-timesyncd.service systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    systemd-hwdb-update.service systemd-journal-catalog-update.service \
    systemd-update-done.service ldconfig.service systemd-binfmt.service \
    proc-sys-fs-binfmt_misc.automount systemd-pstore.service sys-kernel-debug.mount \
    sys-kernel-tracing.mount dev-mqueue.mount dev-hugepages.mount getty@tty1.service \
    console-getty.service serial-getty@ttyS0.service modprobe@configfs.service \
    modprobe@drm.service modprobe@efi_pstore.service systemd-firstboot.service \
    systemd-sysusers.service systemd-boot-system-token.service \
    systemd-machine-id-commit.service systemd-rfkill.service ceph.target
rm -rf "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/*
