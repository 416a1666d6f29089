import { meshStack } from './mesh.ts';

/** The mesh over WebSocket. The cast goes when `connect` takes its transport by name; the row is not listed until then. */
export const meshWebSocket = meshStack('websocket' as never);
