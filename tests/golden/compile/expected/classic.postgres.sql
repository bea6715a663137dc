SELECT "customer_id" FROM "profiles" WHERE (("country" = CAST(%(p1)s AS text)) AND ("lifetime_value" > CAST(%(p2)s AS double precision)) AND ("loyalty_points" < CAST(%(p3)s AS bigint)) AND (CAST(%(p4)s AS text) = ANY("tags")) AND ("city" = ANY(CAST(%(p5)s AS text[])))) IS TRUE
-- p1 = "US"
-- p2 = 1000.0
-- p3 = 50
-- p4 = "vip"
-- p5 = ["boston", "chicago"]
