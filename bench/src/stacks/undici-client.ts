import { Pool } from 'undici';
import type { Receipt } from '../message.ts';
import type { Address, BenchClient } from '../stack.ts';

/** Posts JSON to one path with undici's `Pool`, as its documentation recommends for one origin. */
export function undiciClient({ port }: Address): BenchClient {
  const pool = new Pool(`http://127.0.0.1:${port}`);
  return {
    async call(message) {
      const { statusCode, body } = await pool.request({
        path: '/notify',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(message),
      });
      if (statusCode !== 200) throw new Error(`${statusCode}: ${await body.text()}`);
      return (await body.json()) as Receipt;
    },
    close: () => pool.destroy(),
  };
}
