// For the other folders of the mesh. Not part of the package's interface: that is index.ts.
export { clientCertificateOf, describeNames, isOfService, type CertificateNames } from './certificate.ts';
