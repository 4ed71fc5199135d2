-- Alerts, the rules that raise them, and webhooks.
select;
