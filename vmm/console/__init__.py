"""The graphical consoles (VNC) that templates ask for: opened at start, closed at stop.

One server per node watches the containers that are defined here and listens on the ports that
OpenNebula gave them. What draws is packaged: TigerVNC's X server with an xterm in it, started
when a viewer comes and ended when nobody has watched for a while. docs/console.md says why.
"""
