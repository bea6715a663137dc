SELECT "customer_id" FROM "profiles" WHERE ("email_opt_in" = CAST($p1 AS BOOLEAN)) IS TRUE
-- p1 = true
