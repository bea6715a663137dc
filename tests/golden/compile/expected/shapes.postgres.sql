SELECT "customer_id" FROM "profiles" WHERE ((starts_with("country", CAST(%(p1)s AS text))) AND (right("country", length(CAST(%(p2)s AS text))) = CAST(%(p2)s AS text)) AND (strpos("country", CAST(%(p3)s AS text)) > 0) AND ("country" LIKE CAST(%(p4)s AS text) ESCAPE '\') AND (EXISTS (SELECT 1 FROM unnest("tags") AS x0(value) WHERE x0.value LIKE CAST(%(p5)s AS text) ESCAPE '\')) AND ("country" ~ CAST(%(p6)s AS text))) IS TRUE
-- p1 = "U*"
-- p2 = "\\S?"
-- p3 = "100%"
-- p4 = "U_\\_%\\\\"
-- p5 = "vip%"
-- p6 = "^(?:(?:US|CA)[0-9]{1,3}.{0,})$"
