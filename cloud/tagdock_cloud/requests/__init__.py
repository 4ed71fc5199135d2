"""Complaints and enquiries: who answers, until when, what came of it. No CRM: of customers only an opaque reference."""
