"""An ordeal for all between the gateways and the record: killed, cut and filled up, the same way each time."""
