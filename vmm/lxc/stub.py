"""What we leave in LXC's own directory, so that lxc-ls, lxc-start and lxc-info find a container.

It only points to the real configuration: lxc-destroy, which the stock driver runs on shutdown
and cancel, may remove it and takes nothing along.
"""

import os

from vmm.errors import DriverError
from vmm.state import CONFIG

HEAD = "# written by nebulxc\n"
MODE = 0o711


def write(directory: str, config: str) -> None:
    """Point LXC's `directory` of the container to the configuration file `config`."""
    os.makedirs(directory, MODE, exist_ok=True)
    with open(f"{directory}/{CONFIG}", "w", encoding="utf-8") as file:
        file.write(f"{HEAD}lxc.include = {config}\n")


def is_ours(directory: str) -> bool:
    """Whether we wrote what is there, or nothing is."""
    try:
        with open(f"{directory}/{CONFIG}", encoding="utf-8", errors="replace") as file:
            return file.read(len(HEAD)) == HEAD
    except FileNotFoundError:
        return True


def remove(directory: str) -> None:
    """Remove it, if it is there."""
    for step, path in ((os.unlink, f"{directory}/{CONFIG}"), (os.rmdir, directory)):
        try:
            step(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise DriverError(f"cannot remove {path}: {error.strerror}") from error
