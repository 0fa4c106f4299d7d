"""Tests of consilium/backups."""
