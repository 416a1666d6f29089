-- By hand, since schema.prisma has no words for a part of a table: the tokens of a service that count towards
-- SERVICE_TOKENS_MAX are counted with each new one, however many were revoked before.
CREATE INDEX "service_tokens_live_idx" ON "service_tokens"("service_id", "expires_at") WHERE "revoked_at" IS NULL;
