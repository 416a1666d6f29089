-- The tables of the shop, as its own migrations create them.
CREATE TABLE orders (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), item text NOT NULL);
CREATE TABLE stock (item text PRIMARY KEY, pieces int NOT NULL);
