-- AlterTable
ALTER TABLE "login_throttles" ADD COLUMN     "owner_told" BOOLEAN NOT NULL DEFAULT false;
