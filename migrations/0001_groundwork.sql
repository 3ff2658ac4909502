CREATE TABLE "api_keys" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"owner" text COLLATE "C" NOT NULL,
	"name" text NOT NULL,
	"digest" text NOT NULL,
	"scopes" text[] NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"last_used_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"tenant" text COLLATE "C" NOT NULL,
	"owner" text COLLATE "C" NOT NULL,
	"operation" text NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"request_hash" text NOT NULL,
	"status" text DEFAULT 'in_flight' NOT NULL,
	"locked_until" timestamp with time zone NOT NULL,
	"session_id" text COLLATE "C",
	"run_id" text COLLATE "C",
	"response_status" integer,
	"response_body" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_tenant_owner_operation_key_pk" PRIMARY KEY("tenant","owner","operation","key")
);
--> statement-breakpoint
CREATE TABLE "session_tokens" (
	"digest" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"owner" text COLLATE "C" NOT NULL,
	"session_id" text COLLATE "C" NOT NULL,
	"key_id" text COLLATE "C",
	"verbs" text[] NOT NULL,
	"single_use" boolean DEFAULT false NOT NULL,
	"used_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "steered_messages" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"session_id" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"body" json NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"tenant" text COLLATE "C" NOT NULL,
	"session_id" text COLLATE "C" NOT NULL,
	"run_id" text COLLATE "C" NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
DROP INDEX "runs_one_active";--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "enqueued" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "not_before" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "deadline" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "budget" jsonb;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "tool_call_count" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "active_ms" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "origin" text;--> statement-breakpoint
CREATE INDEX "api_keys_by_tenant" ON "api_keys" USING btree ("tenant","id");--> statement-breakpoint
CREATE INDEX "idempotency_keys_to_expire" ON "idempotency_keys" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "session_tokens_by_session" ON "session_tokens" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "session_tokens_to_expire" ON "session_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "steered_messages_by_run" ON "steered_messages" USING btree ("run_id","id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_by_session" ON "webhook_deliveries" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "runs_enqueued" ON "runs" USING btree ("session_id","id") WHERE enqueued;--> statement-breakpoint
CREATE INDEX "sessions_by_parent" ON "sessions" USING btree ("parent_id","id") WHERE parent_id is not null and origin is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "runs_one_active" ON "runs" USING btree ("session_id") WHERE status in ('queued', 'running', 'waiting') and not enqueued;