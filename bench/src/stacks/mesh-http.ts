import { meshStack } from './mesh.ts';

/** The mesh over HTTP only, as where WebSockets are not available. */
export const meshHttp = meshStack('http');
