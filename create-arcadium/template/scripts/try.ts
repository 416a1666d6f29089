import { inventoryContract } from '#contracts/inventory';
import { pricingContract } from '#contracts/pricing';
import { connect } from '@arcadium/mesh/client';
import { urlOf } from './services.ts';
import { userToken } from './tokens.ts';

// npm run try: calls the running services as a user.

const as = { as: 'user' as const, token: await userToken('Ann') };
const inventory = connect(inventoryContract, { ...as, url: urlOf('inventory') });
const pricing = connect(pricingContract, { ...as, url: urlOf('pricing') });

const name = `Lamp ${new Date().toISOString()}`;
const { id } = await inventory.items.add.mutate({ name, quantity: 9 });
const { items } = await inventory.offers.list.query();
console.log(
  'inventory, with prices of pricing:',
  items.find((item) => item.id === id),
);
console.log('pricing, with what inventory has:', await pricing.prices.quote.query({ itemId: id, pieces: 2 }));

await Promise.all([inventory[Symbol.asyncDispose](), pricing[Symbol.asyncDispose]()]);
