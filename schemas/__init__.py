"""Contracts: what every other room agrees on. Imports no other room."""
