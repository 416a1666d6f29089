#!/bin/sh
# restore_command: brings a segment of WAL back; ends with 1 if it was not archived, which ends a recovery.
#   restore_command = 'sh /etc/arcadium/restore-wal.sh "%f" "%p"'
set -eu
archived=${ARCHIVE:-/var/lib/archive}/wal/$1.gz
[ -e "$archived" ] || exit 1
gzip -dc "$archived" > "$2"
