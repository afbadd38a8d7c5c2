"""Items of a bill that follow from several resources together."""
