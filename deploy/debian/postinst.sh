#!/bin/sh
# The server's user; a server that runs goes on with the new programs.  One
# that was never configured is not started.
set -e
[ "$1" = configure ] || exit 0
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers agentcoopdb.conf
elif ! getent passwd agentcoopdb >/dev/null; then
	useradd --system --user-group --home-dir /var/lib/agentcoopdb \
	    --shell /usr/sbin/nologin --comment 'Agentic Coop DB' agentcoopdb
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart acdbd.service
fi
