"""What LXC leaves of a container's AppArmor profile when its monitor was killed: the generated
file beside its configuration, the profile in the kernel, and with nesting a namespace of policies.

A monitor that ends by itself removes them (with apparmor_parser, which takes seconds on a slow
machine).
"""

import contextlib
import os

from vmm.errors import DriverError

KERNEL = "sys/kernel/security/apparmor"


def forget(name: str, lxcpath: str, root: str = "/") -> None:
    """Remove all of it; nothing to do without AppArmor. The container must not run."""
    kernel = os.path.join(root, KERNEL)
    profile = f"lxc-{name}_<{lxcpath}>"
    if os.path.isdir(f"{lxcpath}/{name}/apparmor"):
        import shutil  # rarely needed, and slow to import

        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(f"{lxcpath}/{name}/apparmor")
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(f"{kernel}/policy/namespaces/lxc-{name}_<{lxcpath.replace('/', '-')}>")
    if profile in _loaded(kernel):
        _unload(profile, kernel)


def _loaded(kernel: str) -> set[str]:
    """The names of the profiles in the kernel: its lines are NAME (MODE)."""
    try:
        with open(f"{kernel}/profiles", encoding="utf-8", errors="replace") as file:
            return {line.rsplit(" (", 1)[0] for line in file}
    except OSError:
        return set()


def _unload(profile: str, kernel: str) -> None:
    try:
        with open(f"{kernel}/.remove", "wb", buffering=0) as file:
            file.write(profile.encode())
    except FileNotFoundError:
        pass  # LXC's own removal came first
    except OSError as error:
        raise DriverError(
            f"cannot unload the AppArmor profile {profile}: {error.strerror}",
            "see /sys/kernel/security/apparmor/profiles",
        ) from error
