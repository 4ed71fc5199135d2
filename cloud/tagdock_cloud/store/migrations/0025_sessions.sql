-- Door sessions: goods expected against goods seen; corrections of what was seen by mistake.
select;
