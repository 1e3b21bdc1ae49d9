#!/bin/sh
# What the guest is, as JSON.
. /etc/os-release
printf '{"distribution": "%s", "kernel": "%s", "lxc": "%s", "systemd": "%s", "python": "%s"}\n' \
    "$PRETTY_NAME" "$(uname -r)" "$(lxc-start --version)" \
    "$(systemctl --version | awk 'NR == 1 { print $2 }')" "$(python3 -V | cut -d' ' -f2)"
