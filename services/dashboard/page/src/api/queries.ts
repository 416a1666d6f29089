import { QueryClient } from '@tanstack/react-query';
import { session } from './client.ts';
import { codeOf } from './session.ts';

/** Codes that the same call meets again. */
const final = new Set<unknown>(['UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND', 'BAD_REQUEST']);

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      retry: (failures, error) => failures < 2 && !final.has(codeOf(error)),
    },
  },
});

session.subscribe(() => void queries.resetQueries());
