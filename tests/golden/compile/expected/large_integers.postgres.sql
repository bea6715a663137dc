SELECT "customer_id" FROM "profiles" WHERE ("loyalty_points" >= CAST(%(p1)s AS bigint) AND "loyalty_points" <= CAST(%(p2)s AS bigint)) IS TRUE
-- p1 = -9223372036854775808
-- p2 = 9007199254740993
