SELECT "customer_id" FROM "profiles" WHERE ((starts_with("country", CAST($p1 AS VARCHAR))) AND (suffix("country", CAST($p2 AS VARCHAR))) AND (contains("country", CAST($p3 AS VARCHAR))) AND ("country" LIKE CAST($p4 AS VARCHAR) ESCAPE '\') AND (len(list_filter("tags", lambda x0: x0 LIKE CAST($p5 AS VARCHAR) ESCAPE '\')) > 0) AND (regexp_full_match("country", CAST($p6 AS VARCHAR), 's'))) IS TRUE
-- p1 = "U*"
-- p2 = "\\S?"
-- p3 = "100%"
-- p4 = "U_\\_%\\\\"
-- p5 = "vip%"
-- p6 = "(?:US|CA)[0-9]{1,3}.*"
