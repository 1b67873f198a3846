"""Surveys by text message: one question a message, answered by number or word."""
