export { noFault, random, type Fault } from './fault.ts';
export { startFaultProxy, type FaultProxy } from './proxy.ts';
