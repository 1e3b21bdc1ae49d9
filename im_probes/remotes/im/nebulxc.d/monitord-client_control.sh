#!/bin/sh
# Called NAME HID HOST by run_monitord_client, `stop NAME HID HOST` by stop_monitord_client.
exec /opt/nebulxc/bin/nebulxc-monitord "$@"
