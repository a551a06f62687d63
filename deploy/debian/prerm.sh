#!/bin/sh
# Settings and data stay.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl disable --now acdbd.service acdbd.socket
fi
