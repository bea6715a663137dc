CREATE TYPE "customer.address" AS ("street" text COLLATE "C", "lines" text COLLATE "C", "lines$tokens" text[] COLLATE "C");
CREATE TYPE "customer.orders" AS ("sku" text COLLATE "C", "amount" double precision, "at" timestamptz);
CREATE TABLE "profiles" (
  "customer_id" text COLLATE "C",
  "country" text COLLATE "C",
  "city" text COLLATE "C",
  "tags" text[] COLLATE "C",
  "bio" text COLLATE "C",
  "bio$tokens" text[] COLLATE "C",
  "lifetime_value" double precision,
  "loyalty_points" bigint,
  "email_opt_in" boolean,
  "last_order_at" timestamptz,
  "birthday" date,
  "home" point,
  "email" text COLLATE "C",
  "phone" boolean,
  "address" "customer.address",
  "orders" "customer.orders"[],
  PRIMARY KEY ("customer_id")
);

INSERT INTO "profiles" SELECT * FROM jsonb_populate_recordset(NULL::"profiles", CAST(%(rows)s AS jsonb));
