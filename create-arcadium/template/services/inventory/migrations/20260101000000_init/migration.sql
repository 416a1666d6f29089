CREATE TABLE "items" (
  "id" UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  "name" TEXT NOT NULL UNIQUE,
  "quantity" INTEGER NOT NULL CHECK ("quantity" >= 0)
);
