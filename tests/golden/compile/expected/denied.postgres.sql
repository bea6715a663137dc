SELECT "customer_id" FROM "profiles" WHERE ((("country" = ANY(CAST(%(p1)s AS text[]))) IS NOT TRUE) AND (("lifetime_value" > CAST(%(p2)s AS double precision)) IS NOT TRUE) AND (("bio" IS NOT NULL) IS NOT TRUE) AND ((((CAST(%(p3)s AS text) = ANY("tags")) IS NOT TRUE) AND ("city" IS NOT NULL)) IS NOT TRUE)) IS TRUE
-- p1 = ["US", "CA"]
-- p2 = 5.0
-- p3 = "vip"
