import { expect, test } from 'vitest';
import { tellStory } from '../src/story.ts';
import { mesh } from './mesh.ts';

test.each(['the first time', 'and once more'])(
  'the story holds, %s',
  async () => {
    expect(await tellStory(mesh)).toEqual([0, expect.stringContaining('Every check passed')]);
  },
  60_000,
);
