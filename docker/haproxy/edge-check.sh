#!/usr/bin/env bash
# Docker's health check of the edge: exit code 0 if HAProxy answers.
exec 3<> /dev/tcp/127.0.0.1/8405 || exit 1
printf 'GET /livez HTTP/1.0\r\n\r\n' >&3
read -r -t 2 answer <&3
echo "$answer"
[[ $answer == *' 200 '* ]]
