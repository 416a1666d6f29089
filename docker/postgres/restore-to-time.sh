#!/bin/sh
# Prepares an empty data directory that recovers, when PostgreSQL starts on it, to a time or to the last
# transaction that was archived:
#   restore-to-time.sh 2026-11-30T20:15:00.250Z /var/lib/postgresql/18/docker
#   restore-to-time.sh latest /var/lib/postgresql/18/docker
# Run it as the user of the server.
set -eu
time=$1
data=$2
scripts=$(cd "$(dirname "$0")" && pwd)
archive=${ARCHIVE:-/var/lib/archive}

if [ -d "$data" ] && [ -n "$(ls -A "$data")" ]; then
  echo "restore-to-time: $data is not empty: move it away first" >&2
  exit 1
fi
if [ "$time" = latest ]; then
  until=99991231T235959Z
  target=''
else
  until=$(date -u -d "$time" +%Y%m%dT%H%M%SZ)
  target=$(date -u -d "$time" '+%Y-%m-%d %H:%M:%S.%6N+00') # PostgreSQL takes no Z here
fi
base=$(ls "$archive/base" | sort | awk -v until="$until" '$0 <= until' | tail -n 1)
if [ -z "$base" ]; then
  echo "restore-to-time: no base backup in $archive/base ended before $time" >&2
  exit 1
fi

mkdir -p -m 700 "$data"
tar -xzf "$archive/base/$base/base.tar.gz" -C "$data"
tar -xzf "$archive/base/$base/pg_wal.tar.gz" -C "$data/pg_wal"
pg_verifybackup --quiet --no-parse-wal --manifest-path="$archive/base/$base/backup_manifest" "$data"
{
  echo "restore_command = 'sh \"$scripts/restore-wal.sh\" \"%f\" \"%p\"'"
  echo "recovery_target_time = '$target'"
  echo "recovery_target_action = 'promote'"
} >> "$data/postgresql.auto.conf"
touch "$data/recovery.signal"
sync
echo "$data starts from base backup $base and recovers to $time; when it runs, make a base backup at once"
