-- CreateTable
CREATE TABLE "sealed_secrets" (
    "name" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,

    CONSTRAINT "sealed_secrets_pkey" PRIMARY KEY ("name")
);
