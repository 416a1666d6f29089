export { tracked } from '@trpc/server';
export { compile, type CompiledProcedure, type Invocation } from './compile.ts';
export { cursorOf, pageOf, timeCursor, type CursorCodec, type PlaceInTime } from './cursor.ts';
export { type ClassifyError } from './failure.ts';
export { type Call, type Handler, type HandlerOf, type Handlers } from './handler.ts';
export { type JsonAnswer, type Route } from './answer.ts';
export { createRouter, type RequestContext } from './router.ts';
export { run, type Startable } from './run.ts';
export { serve, type RunningService, type ServeOptions } from './serve.ts';
