-- AlterTable
ALTER TABLE "notification_outbox" ADD COLUMN     "traceparent" TEXT;
