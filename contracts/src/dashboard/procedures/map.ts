import { anyone, error, query, subscription } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { time } from '../../field.ts';
import { meshMap } from '../map.ts';
import { watchInput } from './watch-input.ts';

/** Who calls whom. */
export const map = {
  get: query({
    summary: 'Who calls whom, now or in a minute of the last six hours',
    input: z.object({ at: time.optional() }).prefault({}),
    output: meshMap,
    access: anyone,
    errors: {
      NOT_RECORDED: error(
        'NOT_FOUND',
        'Nothing was recorded at that time',
        z.object({ from: time, to: time }),
      ),
    },
  }),
  watch: subscription({
    summary: 'Who calls whom, every two seconds',
    input: watchInput,
    output: meshMap,
    access: anyone,
  }),
};
