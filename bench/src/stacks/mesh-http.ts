import { meshStack } from './mesh.ts';

/** The mesh over HTTP alone, as where no WebSocket is to be had. */
export const meshHttp = meshStack('http');
