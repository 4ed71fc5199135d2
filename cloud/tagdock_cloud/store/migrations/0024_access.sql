-- Who may do what: users, roles limited to sites, tokens with an end, and the audit.
select;
