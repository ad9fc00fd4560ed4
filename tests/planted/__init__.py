"""Tests for the tests: bugs that would cost an operator money, planted one at a time; the suite must fail for each."""
