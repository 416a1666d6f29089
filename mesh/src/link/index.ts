export { InDoubtError } from '../client/index.ts';
export { exposition } from '../telemetry/index.ts';
export { isInDoubt } from './answer.ts';
export { connectRouter, type RouterClient } from './connect-router.ts';
export { meshLink } from './mesh-link.ts';
export { type MeshLink, type MeshLinkContext, type MeshLinkOptions } from './options.ts';
