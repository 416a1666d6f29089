import { meshStack } from './mesh.ts';

/** The mesh over WebSocket, which is what `connect` does unless told otherwise. */
export const meshWebSocket = meshStack('websocket');
