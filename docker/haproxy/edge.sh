#!/usr/bin/env bash
# Runs HAProxy. With TLS_CERT_FILE and TLS_KEY_FILE it serves TLS, and looks at both files every second: a certificate
# that has changed is used for new connections, and those that are open stay.
set -euo pipefail

# HAProxy wants both in one file; without empty lines, for its runtime API.
pem=/tmp/edge.pem
read_pem() { sed '/^[[:space:]]*$/d' "$TLS_CERT_FILE" "$TLS_KEY_FILE"; }

say() {
  printf '{"time":"%(%Y-%m-%dT%H:%M:%SZ)T","level":"%s","service":"edge","msg":"%s"}\n' -1 "$1" "$2"
}

# Sends a command to HAProxy. Prints its answer.
command() {
  exec 3<> /dev/tcp/127.0.0.1/9999
  printf '%s\n\n' "$1" >&3
  cat <&3
  exec 3>&-
}

follow() {
  local current next answer
  current=$(< "$pem")
  while sleep 1; do
    # While the two are being replaced, one may be missing.
    next=$(read_pem 2> /dev/null) || continue
    [ "$next" = "$current" ] && continue
    # If they do not fit together yet, they are read again after a second.
    answer=$(command "set ssl cert $pem <<
$next"; command "commit ssl cert $pem") || continue
    case "$answer" in
      *Success!*)
        current=$next
        say info 'the certificate has changed and is in use' ;;
      *)
        command "abort ssl cert $pem" > /dev/null || true
        say error "the changed certificate cannot be used, and the one before stays: $(tr -s '\n"\\' '   ' <<< "$answer")"
        sleep 9 ;;
    esac
  done
}

if [ -n "${TLS_CERT_FILE:-}" ]; then
  (umask 077 && read_pem > "$pem")
  follow &
fi
exec haproxy -db -f /usr/local/etc/haproxy/haproxy.cfg "$@"
