import { meshStack } from './mesh.ts';

/** The mesh over HTTP, which is what `connect` does unless told otherwise. */
export const meshHttp = meshStack(undefined);
