import { userToken } from './tokens.ts';

// npm run token -- <name>: prints a token of a user, for curl.

console.log(await userToken(process.argv[2] ?? 'Ann'));
