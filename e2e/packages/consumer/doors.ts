import * as client from '@arcadium/mesh/client';
import * as config from '@arcadium/mesh/config';
import * as contract from '@arcadium/mesh/contract';
import * as identity from '@arcadium/mesh/identity';
import * as issuer from '@arcadium/mesh/issuer';
import * as link from '@arcadium/mesh/link';
import * as server from '@arcadium/mesh/server';
import * as testing from '@arcadium/mesh/testing';
import * as database from '@arcadium/postgres/database';
import * as drizzle from '@arcadium/postgres/drizzle';
import * as idempotency from '@arcadium/postgres/idempotency';
import * as migrate from '@arcadium/postgres/migrate';
import * as outbox from '@arcadium/postgres/outbox';
import * as pg from '@arcadium/postgres/pg';
import * as prisma from '@arcadium/postgres/prisma';
import * as serving from '@arcadium/postgres/serving';
import * as statement from '@arcadium/postgres/statement';
import * as tables from '@arcadium/postgres/tables';

// Every declaration that a user's compiler reads.

export const doors = {
  client,
  config,
  contract,
  identity,
  issuer,
  link,
  server,
  testing,
  database,
  drizzle,
  idempotency,
  migrate,
  outbox,
  pg,
  prisma,
  serving,
  statement,
  tables,
};
