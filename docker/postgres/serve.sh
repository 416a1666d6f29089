#!/usr/bin/env bash
# Runs PostgreSQL with the certificate of TLS_CERT_FILE and TLS_KEY_FILE, and looks at both every 5 s: one that has changed
# is used for new connections, and those that are open stay. Archives its WAL in /var/lib/archive, and copies its data there
# once a day, so that it can be restored to any moment since the older of two copies (docs/operations.md).
set -euo pipefail

# PostgreSQL takes a key only from a file that no other user can read.
folder=/var/run/postgresql/tls
copy() {
  install -d -o postgres -g postgres -m 700 "$folder"
  install -o postgres -g postgres -m 600 "$TLS_CERT_FILE" "$TLS_KEY_FILE" "$folder"
}
same() {
  cmp -s "$TLS_CERT_FILE" "$folder/$(basename "$TLS_CERT_FILE")" && cmp -s "$TLS_KEY_FILE" "$folder/$(basename "$TLS_KEY_FILE")"
}

follow() {
  while sleep 5; do
    same && continue
    # PostgreSQL says in its log if the two do not fit together, and keeps those before.
    copy && as_postgres pg_ctl reload -s -D "$PGDATA" || true
  done
}

as_postgres() { setpriv --reuid postgres --regid postgres --init-groups env PGHOST=/var/run/postgresql PGUSER=postgres "$@"; }
copy_data() {
  while sleep 60; do
    # One of the last day is there already, as after a restart.
    find "$ARCHIVE/base" -mindepth 1 -maxdepth 1 -mmin -1440 2> /dev/null | grep -q . && continue
    as_postgres sh /etc/arcadium/base-backup.sh || sleep 600
  done
}

export ARCHIVE=/var/lib/archive
install -d -o postgres -g postgres -m 700 "$ARCHIVE"
copy
follow &
copy_data &
exec docker-entrypoint.sh postgres \
  -c ssl=on -c ssl_min_protocol_version=TLSv1.3 \
  -c ssl_cert_file="$folder/$(basename "$TLS_CERT_FILE")" -c ssl_key_file="$folder/$(basename "$TLS_KEY_FILE")" \
  -c hba_file=/etc/arcadium/pg_hba.conf \
  -c archive_mode=on -c 'archive_command=sh /etc/arcadium/archive-wal.sh "%p" "%f"' "$@"
