"""The packaged programs that a console is made of."""

import shutil

from vmm.host import PATH

SERVER, TERMINAL, PASSWORD = "Xtigervnc", "xterm", "tigervncpasswd"
PROGRAMS = (SERVER, TERMINAL, PASSWORD)
PACKAGES = "tigervnc-standalone-server tigervnc-tools xterm xfonts-base"


def lacking() -> str:
    """What this node lacks and how to get it, as one sentence; "" when everything is here."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    if not missing:
        return ""
    return f"no VNC console without {', '.join(missing)}: apt-get install {PACKAGES}"
