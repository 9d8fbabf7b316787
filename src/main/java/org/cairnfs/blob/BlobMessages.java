package org.cairnfs.blob;

import java.nio.ByteBuffer;
import org.cairnfs.core.BlobId;
import org.cairnfs.crypto.BlobFormat;
import org.cairnfs.net.ChannelKind;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.MessageType;
import org.cairnfs.net.RefusedRequestException;

/**
 * The messages about blobs; docs/protocol.md has their bytes. All begin with a BlobId; what follows
 * is checked against the blob's bounds before anything is read.
 */
final class BlobMessages {
  static final MessageType HOLD = new MessageType(32, "blob-hold", ChannelKind.CONTROL);
  static final MessageType GET = new MessageType(33, "blob-get", ChannelKind.BULK);
  static final MessageType PUT = new MessageType(34, "blob-put", ChannelKind.BULK);
  static final MessageType SUSPECT = new MessageType(35, "blob-suspect", ChannelKind.CONTROL);

  static final MessageType PROVE = new MessageType(36, "blob-prove", ChannelKind.BULK);

  /** What HOLD answers for a blob that is not there; no blob is that short. */
  static final int ABSENT = 0;

  /** What PUT answers for a blob that was there before. */
  static final byte HAD_IT = 0;

  /** What PUT answers for a blob that is there now. */
  static final byte STORED = 1;

  /** A part of a blob that is asked for. */
  record Range(BlobId id, int offset, int length) {
    ByteBuffer encode() {
      ByteBuffer body = ByteBuffer.allocate(BlobId.SIZE_BYTES + 2 * Integer.BYTES);
      id.write(body);
      return body.putInt(offset).putInt(length).flip();
    }

    static Range read(ByteBuffer body) throws RefusedRequestException {
      requireLength(body, BlobId.SIZE_BYTES + 2 * Integer.BYTES);
      Range range = new Range(BlobId.read(body), body.getInt(), body.getInt());
      if (range.offset < 0
          || range.length < 1
          || range.length > BlobFormat.BLOB_MAX_BYTES
          || range.offset > BlobFormat.BLOB_MAX_BYTES - range.length) {
        throw new RefusedRequestException(
            FailureCode.INVALID, "%d bytes at %d".formatted(range.length, range.offset));
      }
      return range;
    }
  }

  /** A blob that its owner is to show. */
  record Challenge(BlobId id, long salt) {
    ByteBuffer encode() {
      ByteBuffer body = ByteBuffer.allocate(BlobId.SIZE_BYTES + Long.BYTES);
      id.write(body);
      return body.putLong(salt).flip();
    }

    static Challenge read(ByteBuffer body) throws RefusedRequestException {
      requireLength(body, BlobId.SIZE_BYTES + Long.BYTES);
      return new Challenge(BlobId.read(body), body.getLong());
    }
  }

  static ByteBuffer encode(BlobId id) {
    ByteBuffer body = ByteBuffer.allocate(BlobId.SIZE_BYTES);
    id.write(body);
    return body.flip();
  }

  static BlobId readId(ByteBuffer body) throws RefusedRequestException {
    requireLength(body, BlobId.SIZE_BYTES);
    return BlobId.read(body);
  }

  private static void requireLength(ByteBuffer body, int bytes) throws RefusedRequestException {
    if (body.remaining() != bytes) {
      throw new RefusedRequestException(
          FailureCode.INVALID, body.remaining() + " bytes instead of " + bytes);
    }
  }

  private BlobMessages() {}
}
