"""Exactly once: what is on its way goes in Kafka transactions, one after another."""

from pg_tide.transactions.carrying import DAY, Client, Next, Terms, Transactions

__all__ = ["DAY", "Client", "Next", "Terms", "Transactions"]
