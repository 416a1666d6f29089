// node docker/health-check.mjs <port>
//
// Docker's health check of a service: exit code 0 if /health answers 200, which
// is `healthy` or `degraded`. Prints the answer, for `docker inspect`.

import { get } from 'node:http';

const port = process.argv[2];
const request = get({ host: '127.0.0.1', port, path: '/health', timeout: 2_500 }, (response) => {
  response.pipe(process.stdout);
  process.exitCode = response.statusCode === 200 ? 0 : 1;
});
request.on('timeout', () => request.destroy(new Error('no answer within 2.5 s')));
request.on('error', (error) => {
  process.stdout.write(`${error.message}\n`);
  process.exitCode = 1;
});
