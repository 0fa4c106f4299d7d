"""Persons, studies, membership, consent, invitations."""
