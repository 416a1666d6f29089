import { meshStack } from './mesh.ts';

/** The mesh over WebSocket, the default of `connect`. */
export const meshWebSocket = meshStack('websocket');
