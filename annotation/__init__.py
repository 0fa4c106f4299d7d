"""Pairwise cases, votes, consensus, adjudication, agreement."""
