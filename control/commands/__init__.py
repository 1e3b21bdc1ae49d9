"""The commands of `nebulxc`: one file each, listed in control/cli.py."""
