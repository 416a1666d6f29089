export { openTls, type ClientAuth, type Tls, type TlsOptions } from './tls.ts';
