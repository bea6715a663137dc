CREATE TYPE "customer.address" AS ("lines" text COLLATE "C", "lines$tokens" text[] COLLATE "C", "street" text COLLATE "C");
CREATE TYPE "customer.orders" AS ("amount" double precision, "at" timestamptz, "sku" text COLLATE "C");
CREATE TABLE "profiles" (
  "customer_id" text COLLATE "C",
  "address" "customer.address",
  "bio" text COLLATE "C",
  "bio$tokens" text[] COLLATE "C",
  "birthday" date,
  "city" text COLLATE "C",
  "country" text COLLATE "C",
  "email" text COLLATE "C",
  "email_opt_in" boolean,
  "home" point,
  "last_order_at" timestamptz,
  "lifetime_value" double precision,
  "loyalty_points" bigint,
  "orders" "customer.orders"[],
  "phone" boolean,
  "tags" text[] COLLATE "C",
  PRIMARY KEY ("customer_id")
);

INSERT INTO "profiles" SELECT * FROM jsonb_populate_recordset(NULL::"profiles", CAST(%(rows)s AS jsonb));
