package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.cairnfs.core.BlobId;
import org.cairnfs.crypto.BlobFormat;
import org.cairnfs.net.RefusedRequestException;

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
