export { describeNames, isOfService, namesOf, type CertificateNames } from './certificate.ts';
export { certificateLife, type CertificateLife } from './expiry.ts';
export { openTls, type ClientAuth, type Tls, type TlsOptions } from './tls.ts';
