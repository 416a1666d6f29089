import { testShop } from '../orders/suite.ts';

testShop(new URL('service.ts', import.meta.url));
