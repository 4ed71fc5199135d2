-- EPCIS 2.0: captured events, capture jobs, subscriptions.
select;
