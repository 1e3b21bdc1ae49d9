"""`python3 -m control …` in a checkout: the `nebulxc` command where no environment is made."""

from control.cli import main

raise SystemExit(main())
