CREATE TABLE "profiles" (
  "customer_id" VARCHAR,
  "country" VARCHAR,
  "city" VARCHAR,
  "tags" VARCHAR[],
  "bio" VARCHAR,
  "bio$tokens" VARCHAR[],
  "lifetime_value" DOUBLE,
  "loyalty_points" BIGINT,
  "email_opt_in" BOOLEAN,
  "last_order_at" TIMESTAMP,
  "birthday" DATE,
  "home" STRUCT(lat DOUBLE, lon DOUBLE),
  "email" VARCHAR,
  "phone" BOOLEAN,
  "address" STRUCT("street" VARCHAR, "lines" VARCHAR, "lines$tokens" VARCHAR[]),
  "orders" STRUCT("sku" VARCHAR, "amount" DOUBLE, "at" TIMESTAMP)[],
  PRIMARY KEY ("customer_id")
);

INSERT INTO "profiles" BY NAME SELECT unnest(from_json($rows, '[{"customer_id": "VARCHAR", "country": "VARCHAR", "city": "VARCHAR", "tags": ["VARCHAR"], "bio": "VARCHAR", "bio$tokens": ["VARCHAR"], "lifetime_value": "DOUBLE", "loyalty_points": "BIGINT", "email_opt_in": "BOOLEAN", "last_order_at": "TIMESTAMP", "birthday": "DATE", "home": {"lat": "DOUBLE", "lon": "DOUBLE"}, "email": "VARCHAR", "phone": "BOOLEAN", "address": {"street": "VARCHAR", "lines": "VARCHAR", "lines$tokens": ["VARCHAR"]}, "orders": [{"sku": "VARCHAR", "amount": "DOUBLE", "at": "TIMESTAMP"}]}]'), max_depth := 2);
