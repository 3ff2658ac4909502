ALTER TABLE "idempotency_keys" ADD COLUMN "response_headers" json;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "urgent" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "replaces" text COLLATE "C";