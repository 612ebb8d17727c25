"""Screens that open without a sign-in."""
