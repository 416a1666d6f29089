// node docker/health-check.mjs <port>
//
// Docker's health check of a service: exit code 0 if /health answers 200, which
// is `healthy` or `degraded`. Prints the answer, for `docker inspect`. With
// TLS_CERT_FILE the service answers over HTTPS.

import http from 'node:http';
import https from 'node:https';

const port = process.argv[2];
// The certificate names the service, not this address, and an expired one is no reason to restart it.
const client = process.env.TLS_CERT_FILE ? https : http;
const options = { host: '127.0.0.1', port, path: '/health', timeout: 2_500, rejectUnauthorized: false };
const request = client.get(options, (response) => {
  response.pipe(process.stdout);
  process.exitCode = response.statusCode === 200 ? 0 : 1;
});
request.on('timeout', () => request.destroy(new Error('no answer within 2.5 s')));
request.on('error', (error) => {
  process.stdout.write(`${error.message}\n`);
  process.exitCode = 1;
});
