import { test } from 'vitest';
import { tellStory } from '../src/tell-story.ts';
import { mesh } from './mesh.ts';

test.each(['the first time', 'and once more'])('the story holds, %s', () => tellStory(mesh), 60_000);
