"""The step that installs Debian packages."""

from dataclasses import dataclass

from control.problem import Problem
from vmm.errors import CommandError, DriverError
from vmm.host import Host

_TIMEOUT_S = 900.0
_APT = ("apt-get", "--option", "DPkg::Lock::Timeout=300")


@dataclass(frozen=True, slots=True)
class Packages:
    """Packages of the distribution's; they stay when Nebulxc goes."""

    names: tuple[str, ...]
    host: Host

    def missing(self) -> str:
        """Installation of those that are not there."""
        absent = self._absent()
        return f"install {' '.join(absent)}" if absent else ""

    def apply(self) -> None:
        """Have apt install them, and nothing that they only recommend."""
        absent = self._absent()
        noninteractive = {"DEBIAN_FRONTEND": "noninteractive"}
        words = ("install", "--yes", "--no-install-recommends", *absent)
        try:
            self.host.run(*_APT, *words, timeout=_TIMEOUT_S, env=noninteractive)
        except DriverError as error:
            raise Problem(
                f"{error}; try: apt-get update; apt-get install {' '.join(absent)}"
            ) from (error)

    def leftover(self) -> str:
        """Nothing: others may use them."""
        return ""

    def remove(self) -> None:
        """Nothing, see `leftover`."""

    def _absent(self) -> list[str]:
        return [name for name in self.names if not self._installed(name)]

    def _installed(self, name: str) -> bool:
        try:
            said = self.host.run("dpkg-query", "--show", "--showformat=${db:Status-Status}", name)
        except CommandError:
            return False
        return said == "installed"
