#!/bin/sh
# Print the directory for what is built or fetched once: the machine's for
# root, else one's own.
if [ "$(id -u)" -eq 0 ]; then
	echo /var/cache/agentcoopdb
else
	echo "${XDG_CACHE_HOME:-$HOME/.cache}/agentcoopdb"
fi
