"""Prefect: what runs, in which order, when. Thin: tasks call the plain functions of ``flows.stages``."""
