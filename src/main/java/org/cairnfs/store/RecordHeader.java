package org.cairnfs.store;

import org.cairnfs.core.BlobId;

/**
 * What stands before the payload of a record.
 *
 * @param kind what the record says
 * @param payloadBytes length of the payload, 0 to {@link SegmentFormat#PAYLOAD_MAX_BYTES}
 * @param id the blob that the record is about
 * @param payloadCrc CRC-32C of the payload
 */
record RecordHeader(RecordKind kind, int payloadBytes, BlobId id, int payloadCrc) {}
