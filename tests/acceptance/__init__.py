"""The pg-tide process between a real PostgreSQL and a real Apache Kafka."""
