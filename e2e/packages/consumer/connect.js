export { connect } from '@arcadium/mesh/client';
