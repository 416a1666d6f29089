#!/bin/sh
# archive_command: keeps a segment of WAL, compressed, and ends with 0 only when it is on the disk.
#   archive_command = 'sh /etc/arcadium/archive-wal.sh "%p" "%f"'
set -eu
segment=$1
folder=${ARCHIVE:-/var/lib/archive}/wal
archived=$folder/$2.gz

mkdir -p "$folder"
if [ -e "$archived" ]; then
  # After a crash, PostgreSQL archives its last segment again.
  if gzip -dc "$archived" | cmp -s - "$segment"; then exit 0; fi
  echo "archive-wal: $archived is there with other content: does another server archive into this folder?" >&2
  exit 1
fi
draft=$folder/.$2.$$
trap 'rm -f "$draft"' EXIT
gzip -1 -c < "$segment" > "$draft"
sync "$draft"
mv "$draft" "$archived"
sync "$folder"
