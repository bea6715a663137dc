CREATE TABLE "profiles" (
  "customer_id" VARCHAR,
  "address" STRUCT("lines" VARCHAR, "lines$tokens" VARCHAR[], "street" VARCHAR),
  "bio" VARCHAR,
  "bio$tokens" VARCHAR[],
  "birthday" DATE,
  "city" VARCHAR,
  "country" VARCHAR,
  "email" VARCHAR,
  "email_opt_in" BOOLEAN,
  "home" STRUCT(lat DOUBLE, lon DOUBLE),
  "last_order_at" TIMESTAMP,
  "lifetime_value" DOUBLE,
  "loyalty_points" BIGINT,
  "orders" STRUCT("amount" DOUBLE, "at" TIMESTAMP, "sku" VARCHAR)[],
  "phone" BOOLEAN,
  "tags" VARCHAR[],
  PRIMARY KEY ("customer_id")
);

INSERT INTO "profiles" BY NAME SELECT unnest(from_json($rows, '[{"customer_id": "VARCHAR", "address": {"lines": "VARCHAR", "lines$tokens": ["VARCHAR"], "street": "VARCHAR"}, "bio": "VARCHAR", "bio$tokens": ["VARCHAR"], "birthday": "DATE", "city": "VARCHAR", "country": "VARCHAR", "email": "VARCHAR", "email_opt_in": "BOOLEAN", "home": {"lat": "DOUBLE", "lon": "DOUBLE"}, "last_order_at": "TIMESTAMP", "lifetime_value": "DOUBLE", "loyalty_points": "BIGINT", "orders": [{"amount": "DOUBLE", "at": "TIMESTAMP", "sku": "VARCHAR"}], "phone": "BOOLEAN", "tags": ["VARCHAR"]}]'), max_depth := 2);
