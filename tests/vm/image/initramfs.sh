#!/bin/sh
# A tiny initramfs: static busybox and the modules the root disk needs. initramfs.sh TREE OUTPUT
# 2.6 MB, so that the emulated processor unpacks little.
set -eu
tree=$(readlink -f "$1") output=$(readlink -f "$2")
version=$(ls "$tree/lib/modules")
work=$output.d
rm -rf "$work"
mkdir -p "$work/bin" "$work/lib" "$work/dev" "$work/proc" "$work/sys" "$work/root"
cp "$(command -v busybox)" "$work/bin/busybox"
ln -s busybox "$work/bin/sh"
for module in virtio_pci virtio_mmio virtio_blk ext4 crc32c_generic virtio_net; do
    # built in, or not there in this release: then nothing is to be loaded
    modprobe -d "$tree" -S "$version" --show-depends "$module" 2>/dev/null |
        sed -n 's/^insmod //p' || true
done | awk '!seen[$1]++ { print $1 }' | while read -r file; do
    cp "$file" "$work/lib/"
    basename "$file" >>"$work/modules"
done
cp "$(dirname "$0")/init" "$work/init"
chmod +x "$work/init"
(cd "$work" && find . | cpio -o -H newc -R 0:0 --quiet) >"$output"
rm -rf "$work"
