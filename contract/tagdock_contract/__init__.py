"""What crosses Tagdock's wire: events, messages, topics, recordings, and the one way to encode and decode them."""

from tagdock_contract.codec import (
    MAX_PAYLOAD_BYTES,
    decode_ack,
    decode_batch,
    decode_event,
    decode_record,
    decode_status,
    encode,
    read_evidence,
    utc_text,
    write_evidence,
)
from tagdock_contract.errors import ContractError
from tagdock_contract.events import (
    AntennaEvidence,
    BinReading,
    Direction,
    Event,
    Evidence,
    LostDoor,
    Movement,
    PhotoEyeEvidence,
    ReaderEvent,
    Side,
)
from tagdock_contract.ids import content_uuid7, uuid7, uuid7_ms
from tagdock_contract.messages import VERSION, Ack, Batch, ReaderStatus, Refusal, Status
from tagdock_contract.recording import InputChange, Record, TagRead
from tagdock_contract.topics import Channel, GatewayAddress, parse_topic, subscription

__all__ = [
    "MAX_PAYLOAD_BYTES",
    "VERSION",
    "Ack",
    "AntennaEvidence",
    "Batch",
    "BinReading",
    "Channel",
    "ContractError",
    "Direction",
    "Event",
    "Evidence",
    "GatewayAddress",
    "InputChange",
    "LostDoor",
    "Movement",
    "PhotoEyeEvidence",
    "ReaderEvent",
    "ReaderStatus",
    "Record",
    "Refusal",
    "Side",
    "Status",
    "TagRead",
    "content_uuid7",
    "decode_ack",
    "decode_batch",
    "decode_event",
    "decode_record",
    "decode_status",
    "encode",
    "parse_topic",
    "read_evidence",
    "subscription",
    "utc_text",
    "uuid7",
    "uuid7_ms",
    "write_evidence",
]
