"""`python3 -m control …` in a checkout: the `nebulxc` command where no environment is made."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - here nothing has looked before
    sys.exit("nebulxc needs Python 3.11 or newer: run another python3.N -m control")

from control.cli import main

raise SystemExit(main())
