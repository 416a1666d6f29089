#!/bin/sh
# Copies the data of the running server into the archive, as the start of a recovery, and removes base backups
# that are not among the newest KEEP, with the WAL that only they need. Connects as libpq does (PGHOST, PGUSER).
set -eu
archive=${ARCHIVE:-/var/lib/archive}
keep=${KEEP:-2}
draft=$archive/base/.draft

mkdir -p "$archive/base" "$archive/wal"
rm -rf "$draft"
trap 'rm -rf "$draft"' EXIT
pg_basebackup --pgdata="$draft" --format=tar --gzip --wal-method=stream --checkpoint=fast --no-password
tar --occurrence=1 -xzOf "$draft/base.tar.gz" backup_label > "$draft/backup_label"
# Named after its end: a recovery cannot end earlier.
name=$(date -u +%Y%m%dT%H%M%SZ)
mv "$draft" "$archive/base/$name"
sync "$archive/base/$name" "$archive/base"
echo "base backup $name made"

ls "$archive/base" | sort -r | tail -n "+$((keep + 1))" | while read -r old; do
  rm -rf "${archive:?}/base/$old"
  echo "base backup $old removed"
done
oldest=$(ls "$archive/base" | sort | head -n 1)
first=$(sed -n 's/^START WAL LOCATION: .* (file \([0-9A-F]*\))$/\1/p' "$archive/base/$oldest/backup_label")
pg_archivecleanup -x .gz "$archive/wal" "$first"
# What a killed archive_command left behind.
find "$archive/wal" -name '.*' -type f -mmin +60 -delete
