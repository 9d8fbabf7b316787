package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.net.RefusedRequestException;
import org.junit.jupiter.api.Test;

/** Whatever a peer sends as a message about blobs is one within bounds, or refused. */
final class BlobMessagesTest {
  @Property(tries = 500)
  void anyBytesAreMessagesOrRefused(@ForAll @Size(max = 60) byte[] bytes) {
    ranges(ByteBuffer.wrap(bytes));
    try {
      assertThat(BlobMessages.readId(ByteBuffer.wrap(bytes)).toBytes()).isEqualTo(bytes);
    } catch (RefusedRequestException e) {
      assertThat(bytes.length).isNotEqualTo(BlobId.SIZE_BYTES);
    }
    try {
      var challenge = BlobMessages.Challenge.read(ByteBuffer.wrap(bytes));
      assertThat(challenge.encode()).isEqualTo(ByteBuffer.wrap(bytes));
    } catch (RefusedRequestException e) {
      assertThat(bytes.length).isNotEqualTo(BlobId.SIZE_BYTES + Long.BYTES);
    }
  }

  @Property(tries = 1000)
  void anyPartLiesWithinABlob(@ForAll int offset, @ForAll int length) {
    ranges(new BlobMessages.Range(new BlobId(1, 2, 3, 4), offset, length).encode());
  }

  @Property(tries = 1000)
  void anyBytesAreSeveralBlobsOrRefused(
      @ForAll @Size(max = 8) List<@IntRange(min = -1, max = 40) Integer> lengths,
      @ForAll @Size(max = 120) byte[] rest) {
    ByteBuffer body = ByteBuffer.allocate(1000);
    for (int i = 0; i < lengths.size(); i++) {
      body.putInt(lengths.get(i));
      new BlobId(1, 2, 3, i).write(body);
      body.put(new byte[Math.max(0, lengths.get(i))]);
    }
    body.put(rest).flip();
    int bytes = body.remaining();
    try {
      Map<BlobId, ByteBuffer> blobs = BlobMessages.readSeveral(body);
      assertThat(blobs.values()).allMatch(ByteBuffer::hasRemaining);
      assertThat(blobs.values().stream().mapToInt(ByteBuffer::remaining).sum())
          .isLessThanOrEqualTo(bytes - 36 * blobs.size());
    } catch (RefusedRequestException e) {
      assertThat(e).hasMessageNotContaining("null");
    }
  }

  @Property(tries = 1000)
  void anyBytesAreNamesOrRefused(@ForAll @Size(max = 200) byte[] bytes) {
    try {
      List<BlobId> ids = BlobMessages.readIds(ByteBuffer.wrap(bytes));
      assertThat(BlobMessages.encode(ids)).isEqualTo(ByteBuffer.wrap(bytes));
    } catch (RefusedRequestException e) {
      assertThat(bytes.length % BlobId.SIZE_BYTES == 0 && bytes.length > 0).isFalse();
    }
  }

  @Test
  void moreThanTheMostAreRefused() throws RefusedRequestException {
    List<ByteBuffer> messages = new ArrayList<>();
    for (int i = 0; i < BlobMessages.SEVERAL_MAX; i++) {
      messages.add(message(i));
    }
    assertThat(BlobMessages.readSeveral(BlobMessages.encodeSeveral(messages)))
        .hasSize(BlobMessages.SEVERAL_MAX);
    messages.add(message(BlobMessages.SEVERAL_MAX));

    ByteBuffer body = BlobMessages.encodeSeveral(messages);

    assertThatThrownBy(() -> BlobMessages.readSeveral(body))
        .isInstanceOf(RefusedRequestException.class);
  }

  private static ByteBuffer message(int number) {
    ByteBuffer message = ByteBuffer.allocate(BlobId.SIZE_BYTES + 1);
    new BlobId(1, 2, 3, number).write(message);
    return message.rewind();
  }

  private static void ranges(ByteBuffer body) {
    try {
      BlobMessages.Range range = BlobMessages.Range.read(body.duplicate());
      assertThat(range.encode()).isEqualTo(body);
      assertThat(range.offset()).isNotNegative();
      assertThat(range.length()).isPositive();
      assertThat((long) range.offset() + range.length())
          .isLessThanOrEqualTo(BlobFormat.BLOB_MAX_BYTES);
    } catch (RefusedRequestException e) {
      assertThat(e).hasMessageNotContaining("null");
    }
  }
}
