-- What the HTTP interface's further resources need.
select;
