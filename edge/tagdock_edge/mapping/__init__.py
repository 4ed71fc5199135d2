"""Turn any JSON into typed rows by configuration alone: for readers and bin sensors that nobody knows yet. Pure.

A mapping is a TOML table. Each of its keys names what is wanted (which ones, the caller says by `Spec`s) and says where
it is: `epc = "tag"` (a path), or a table with one source: `path`, `topic` (a named level of the topic) or `const`.

    array = "data.reads"                            # where the rows are; without it the message itself is the row
    when = [{ path = "$.type", is = "reads" }]      # which messages, and which rows, count
    epc = { path = "tag", encoding = "base64" }     # hex (the default), base64, uri
    antenna = { path = "ant", offset = 1 }          # raw * scale + offset; values = { north = 1, south = 2 }
    rssi = { path = "rssi", unit = "cdBm" }
    time = { path = "ts", format = "epoch_ms" }     # iso, epoch_s, _ms, _us, _ns, or a strptime pattern with %

A path is `key.key[0]."odd key"`; it begins at the row, or with `$` at the message. A value that is missing or null is
None (the row is left out where it is required). Where an array stands each of its elements is a row; a lone object is
one row; so readers that send now one, now many need no second mapping.
"""

from tagdock_edge.mapping.fields import Spec as Spec
from tagdock_edge.mapping.mapping import Mapping as Mapping
from tagdock_edge.mapping.mapping import Rows as Rows
from tagdock_edge.mapping.mapping import read_mapping as read_mapping
from tagdock_edge.mapping.misfits import MESSAGE_BYTES_AT_MOST as MESSAGE_BYTES_AT_MOST
from tagdock_edge.mapping.misfits import ROWS_AT_MOST as ROWS_AT_MOST
from tagdock_edge.mapping.misfits import MisfitError as MisfitError
from tagdock_edge.mapping.misfits import decode_json as decode_json
from tagdock_edge.mapping.topics import TopicPattern as TopicPattern
from tagdock_edge.mapping.topics import read_topic as read_topic
from tagdock_edge.mapping.units import DISTANCE_MM as DISTANCE_MM
from tagdock_edge.mapping.units import MASS_KG as MASS_KG
from tagdock_edge.mapping.units import PHASE_DEG as PHASE_DEG
from tagdock_edge.mapping.units import RSSI_DBM as RSSI_DBM
from tagdock_edge.mapping.units import SHARE_PCT as SHARE_PCT
from tagdock_edge.mapping.units import TEMPERATURE_C as TEMPERATURE_C
