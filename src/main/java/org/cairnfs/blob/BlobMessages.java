package org.cairnfs.blob;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.net.ChannelKind;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.MessageType;
import org.cairnfs.net.RefusedRequestException;

/**
 * The messages about blobs; docs/protocol.md has their bytes. All but one begin with a BlobId; what
 * follows is checked against the bounds of blobs before anything is read.
 */
final class BlobMessages {
  static final MessageType HOLD = new MessageType(32, "blob-hold", ChannelKind.CONTROL);
  static final MessageType GET = new MessageType(33, "blob-get", ChannelKind.BULK);
  static final MessageType PUT = new MessageType(34, "blob-put", ChannelKind.BULK);
  static final MessageType SUSPECT = new MessageType(35, "blob-suspect", ChannelKind.CONTROL);

  static final MessageType PROVE = new MessageType(36, "blob-prove", ChannelKind.BULK);

  static final MessageType PUT_SEVERAL = new MessageType(37, "blob-put-several", ChannelKind.BULK);

  static final MessageType HOLD_SEVERAL =
      new MessageType(38, "blob-hold-several", ChannelKind.CONTROL);

  /** Blobs in one PUT_SEVERAL or HOLD_SEVERAL. */
  static final int SEVERAL_MAX = 64;

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

  /**
   * The body of a PUT_SEVERAL.
   *
   * @param messages bodies of PUTs, from position to limit; left as they are
   */
  static ByteBuffer encodeSeveral(List<ByteBuffer> messages) {
    int bytes = 0;
    for (ByteBuffer message : messages) {
      bytes += Integer.BYTES + message.remaining();
    }
    ByteBuffer body = ByteBuffer.allocate(bytes);
    for (ByteBuffer message : messages) {
      body.putInt(message.remaining() - BlobId.SIZE_BYTES).put(message.duplicate());
    }
    return body.flip();
  }

  /** The blobs of a PUT_SEVERAL, in its order; parts of {@code body}. */
  static Map<BlobId, ByteBuffer> readSeveral(ByteBuffer body) throws RefusedRequestException {
    Map<BlobId, ByteBuffer> blobs = new LinkedHashMap<>();
    do {
      if (blobs.size() == SEVERAL_MAX || body.remaining() < Integer.BYTES + BlobId.SIZE_BYTES) {
        throw new RefusedRequestException(
            FailureCode.INVALID, body.remaining() + " bytes after " + blobs.size() + " blobs");
      }
      int length = body.getInt();
      BlobId id = BlobId.read(body);
      if (length < 1 || length > BlobFormat.BLOB_MAX_BYTES || length > body.remaining()) {
        throw new RefusedRequestException(
            FailureCode.INVALID, "a blob of " + length + " bytes in " + body.remaining());
      }
      blobs.put(id, body.slice(body.position(), length));
      body.position(body.position() + length);
    } while (body.hasRemaining());
    return blobs;
  }

  /** The body of a HOLD_SEVERAL. */
  static ByteBuffer encode(List<BlobId> ids) {
    ByteBuffer body = ByteBuffer.allocate(ids.size() * BlobId.SIZE_BYTES);
    ids.forEach(id -> id.write(body));
    return body.flip();
  }

  /** The blobs of a HOLD_SEVERAL, in its order. */
  static List<BlobId> readIds(ByteBuffer body) throws RefusedRequestException {
    int count = body.remaining() / BlobId.SIZE_BYTES;
    if (count < 1 || count > SEVERAL_MAX || body.remaining() % BlobId.SIZE_BYTES != 0) {
      throw new RefusedRequestException(
          FailureCode.INVALID, body.remaining() + " bytes of blobs' names");
    }
    List<BlobId> ids = new ArrayList<>(count);
    while (body.hasRemaining()) {
      ids.add(BlobId.read(body));
    }
    return ids;
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
