# shellcheck shell=bash
# Sourced by scripts/*: installs what is missing, quickly when nothing is.
# Assumes a Debian with apt and nothing else, not even Python.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv="$top/.venv"
python=/usr/bin/python3   # never the one on PATH: it may live under a private home
command_name="scripts/$(basename "$0")"

# Packages that a run needs, and those that only the tests need.
run_packages=(lxc busybox-static iproute2 python3 python3-venv)
test_packages=(strace gcc libc6-dev fuse3 git mmdebstrap zstd slirp4netns
    chromium lxc-dev pkg-config python3-dev python3-lxc sudo uidmap e2fsprogs xfsprogs btrfs-progs genisoimage
    tigervnc-standalone-server tigervnc-tools xterm xfonts-base faketime openvswitch-switch)

say() { printf '%s\n' "$*"; }

die() {
    printf '%s: %s\n' "$command_name" "$*" >&2
    exit 1
}

need_root() {
    [ "$(id -u)" = 0 ] || die "must run as root, because LXC and cgroups need it: sudo $command_name"
}

missing_packages() {
    local package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s ' "$package"
    done
}

need_packages() {
    local missing
    command -v apt-get >/dev/null ||
        die "needs Debian 12, Debian 13 or Ubuntu 24.04: there is no apt-get here"
    read -ra missing <<<"$(missing_packages "$@")"
    [ ${#missing[@]} = 0 ] && return
    say "Installing Debian packages: ${missing[*]}"
    quietly update_lists
    DEBIAN_FRONTEND=noninteractive quietly apt-get -o DPkg::Lock::Timeout=1800 \
        install --yes --no-install-recommends "${missing[@]}"
}

# Unlike install, update does not wait for another apt (of the guest's part, of a timer) to end.
update_lists() {
    local said
    for _ in {1..360}; do
        said=$(LC_ALL=C apt-get -o Acquire::Retries=3 update 2>&1) && return
        [[ $said == *"Could not get lock"* ]] || break
        sleep 5
    done
    printf '%s\n' "$said"
    return 1
}

# Debian's prometheus would start a server as it is installed: only its checker is taken.
need_promtool() {
    local place
    if command -v promtool >/dev/null || [ -x "$venv/bin/promtool" ]; then return; fi
    say "Fetching promtool out of Debian's package prometheus"
    place=$(mktemp -d)
    (cd "$place" && quietly apt-get -o DPkg::Lock::Timeout=1800 download prometheus)
    dpkg-deb --fsys-tarfile "$place"/prometheus_*.deb | tar -x -C "$place" ./usr/bin/promtool
    install -m 0755 "$place/usr/bin/promtool" "$venv/bin/promtool"
    rm -rf "$place"
}

# Runs a command whose output matters only when it fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        die "failed: $*"
    fi
    rm -f "$log"
}

need_python() {
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "needs Python 3.11 or newer, $python is $("$python" -V 2>&1): use Debian 12 or later"
}

# What an environment is made from: it is completed, or made anew, when this changes.
environment_stamp() {
    { cat "$top/pyproject.toml" "$top/control/entries.py"; "$python" -V; echo "$top"; } |
        sha256sum | cut -d ' ' -f 1
}

# need_environment run|dev: .venv holds the project, editable, and for dev what the tests need.
need_environment() {
    local purpose=$1 stamp extra=""
    [ "$purpose" = dev ] && extra="[dev,driver]"
    exec 9>"$top/.venv.lock"
    flock 9
    stamp=$(environment_stamp)
    if ! grep -qsxF "$stamp" "$venv/.made-for-dev" "$venv/.made-for-$purpose"; then
        say "Installing the Python environment in $venv"
        "$venv/bin/python3" -m pip --version >/dev/null 2>&1 ||
            quietly "$python" -m venv --clear "$venv"
        quietly "$venv/bin/python3" -m pip install --disable-pip-version-check \
            --no-compile --editable "$top$extra"   # what is used gets compiled at its first use
        quietly "$venv/bin/python3" -I -m control.entries "$venv/bin"
        printf '%s\n' "$stamp" >"$venv/.made-for-$purpose"
    fi
    exec 9>&-
}

# The page runs as this user, who owns nothing and may read the store.
need_user() {
    getent passwd nebulxc >/dev/null ||
        quietly useradd --system --user-group --no-create-home --home-dir /nonexistent \
            --shell /usr/sbin/nologin nebulxc
}

# The page's user must not execute what lies in somebody's checkout: it gets a copy that is root's,
# of the same interpreter's packages and of the project's own.
page_venv=/var/cache/nebulxc/page
project_packages=(collector control im_probes vmm web)

need_page_environment() {
    mkdir -p "$(dirname "$page_venv")"
    exec 9>"$page_venv.lock"
    flock 9
    (
        umask 022
        page_environment_base
        page_environment_project
    )
    exec 9>&-
}

page_environment_base() {
    local stamp site
    stamp=$({ "$python" -V; cat "$venv"/.made-for-*; } | sha256sum)
    [ "$(cat "$page_venv/.made-from" 2>/dev/null)" = "$stamp" ] && return
    rm -rf "$page_venv" "$page_venv.new"
    quietly "$python" -m venv --without-pip "$page_venv.new"
    site=$(echo "$page_venv.new"/lib/python3*/site-packages)
    cp -r --preserve=timestamps "$venv"/lib/python3*/site-packages/. "$site"
    rm -f "$site"/*nebulxc*.pth   # the way back into the checkout
    printf '%s\n' "$stamp" >"$page_venv.new/.made-from"
    mv "$page_venv.new" "$page_venv"
}

page_environment_project() {
    local stamp site package
    cd "$top"
    stamp=$(find "${project_packages[@]}" -type f ! -name '*.pyc' -print0 | sort -z |
        xargs -0 sha256sum | sha256sum)
    [ "$(cat "$page_venv/.project" 2>/dev/null)" = "$stamp" ] && return
    site=$(echo "$page_venv"/lib/python3*/site-packages)
    for package in "${project_packages[@]}"; do
        rm -rf "${site:?}/$package"
        cp -r --preserve=timestamps "$package" "$site"
    done
    "$page_venv/bin/python3" -I -c 'import control.services.page'   # compiled: its user could not keep that
    printf '%s\n' "$stamp" >"$page_venv/.project"
}
