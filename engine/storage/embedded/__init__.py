"""Servers that decisor starts itself: Valkey and PostgreSQL from their wheels, Elasticsearch from Elastic's zip."""
