import superjson from 'superjson';
import { expect, test } from 'vitest';
import { contract } from '../contract/index.ts';
import { connectRouter, meshLink } from './index.ts';

test('a link refuses a contract together with a transformer', () => {
  const options = {
    url: 'http://localhost:3000/trpc',
    contract: contract('store', {}),
    transformer: superjson,
  };
  const expected = 'the contract store cannot be combined with a transformer';
  for (const make of [meshLink, connectRouter] as const)
    expect(() => make(options as never)).toThrow(expect.objectContaining({ name: 'TypeError' }));
  expect(() => meshLink(options as never)).toThrow(expected);
});
