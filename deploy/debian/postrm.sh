#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
if [ "$1" = purge ]; then
	rmdir --ignore-fail-on-non-empty /etc/agentcoopdb 2>/dev/null || true
	echo 'agentcoopdb: /var/lib/agentcoopdb is left as it is'
fi
