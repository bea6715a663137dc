SELECT "customer_id" FROM "profiles" WHERE ("email_opt_in" = CAST(%(p1)s AS boolean)) IS TRUE
-- p1 = true
