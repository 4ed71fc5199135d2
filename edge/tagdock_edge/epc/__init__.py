"""What a tag's EPC memory says: GS1 identities where the Tag Data Standard knows them, raw bits for the rest."""

from tagdock_edge.epc.decode import decode, epc_uri, raw_uri
from tagdock_edge.epc.identity import Identity

__all__ = ["Identity", "decode", "epc_uri", "raw_uri"]
