"""EPCIS 2.0: what happened, told and asked in GS1's words."""
