package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.BlobId;
import org.cairnfs.crypto.BlobFormat;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.MessageType;
import org.cairnfs.net.PeerException;
import org.cairnfs.net.TestNode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A node's blobs as another node sees them, over a real connection. */
final class PeerBlobsTest {
  private final InMemoryBlobStore store = new InMemoryBlobStore();
  private final TestNode server = TestNode.create();
  private final TestNode client = TestNode.create();
  private final byte[] blob = new byte[BlobFormat.BLOB_MAX_BYTES];
  private BlobId id;
  private PeerBlobs blobs;

  @BeforeEach
  void start() throws Exception {
    new Random(1).nextBytes(blob);
    id = idOf(blob);
    Handlers.Builder handlers = Handlers.builder();
    new BlobService(store).register(handlers, server.executor());
    server.listen(handlers.build());
    client.knows(server);
    blobs = new PeerBlobs(client.client(), server.id(), TestNode.LIMIT);
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private static BlobId idOf(byte[] bytes) throws Exception {
    return BlobId.of(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private void put() {
    assertThat(blobs.put(id, ByteBuffer.wrap(blob))).succeedsWithin(TestNode.LIMIT);
  }

  private static void assertRefused(CompletableFuture<?> future, FailureCode code) {
    assertThatThrownBy(future::join)
        .cause()
        .isInstanceOfSatisfying(PeerException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private byte[] fetch(int offset, int length) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(length);
    blobs.fetch(id, offset, into);
    assertThat(into.hasRemaining()).isFalse();
    return into.array();
  }

  @Test
  void theBytesOfARangeArePinned() throws Exception {
    String hex = "00".repeat(31) + "01" + "00010010" + "00000200";
    BlobMessages.Range range = new BlobMessages.Range(new BlobId(0, 0, 0, 1), 65_552, 512);

    assertThat(HexFormat.of().formatHex(range.encode().array())).isEqualTo(hex);
    assertThat(BlobMessages.Range.read(ByteBuffer.wrap(HexFormat.of().parseHex(hex))))
        .isEqualTo(range);
  }

  @Test
  void whatIsPutIsThere() throws Exception {
    assertThat(blobs.lengthBytes(id).get()).isEqualTo(OptionalInt.empty());

    put();

    assertThat(blobs.lengthBytes(id).get()).hasValue(blob.length);
    assertThat(fetch(0, blob.length)).isEqualTo(blob);
    assertThat(store.lengthBytes(id)).hasValue(blob.length);
  }

  @Test
  void aPartMovesThatPartOnly() throws Exception {
    put();

    assertThat(fetch(16, 65_552)).isEqualTo(Arrays.copyOfRange(blob, 16, 65_568));
    assertThat(fetch(blob.length - 1, 1)).containsExactly(blob[blob.length - 1]);
  }

  @Test
  void whatIsDeletedIsGone() throws Exception {
    put();

    assertThat(blobs.delete(id)).succeedsWithin(TestNode.LIMIT);
    assertThat(blobs.delete(id)).succeedsWithin(TestNode.LIMIT);

    assertThat(blobs.lengthBytes(id).get()).isEqualTo(OptionalInt.empty());
    assertThatThrownBy(() -> fetch(0, 1))
        .isInstanceOf(IOException.class)
        .cause()
        .isInstanceOfSatisfying(
            PeerException.class, e -> assertThat(e.code()).isEqualTo(FailureCode.NOT_FOUND));
  }

  @Test
  void bytesThatAreNotTheBlobAreNotKept() throws Exception {
    blob[7]++;

    assertRefused(blobs.put(id, ByteBuffer.wrap(blob)), FailureCode.INVALID);

    assertThat(store.lengthBytes(id)).isEmpty();
  }

  @Test
  void partsOutsideTheBlobAreRefused() {
    put();

    assertThatThrownBy(() -> fetch(1, blob.length)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> fetch(Integer.MAX_VALUE, 1)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> fetch(-1, 1)).isInstanceOf(IOException.class);
  }

  @Test
  void messagesOfTheWrongLengthAreRefused() {
    for (var type : new MessageType[] {BlobMessages.HAS, BlobMessages.PUT, BlobMessages.DELETE}) {
      for (int length : new int[] {0, 31}) {
        assertRefused(
            client
                .client()
                .request(server.id(), type, ByteBuffer.allocate(length), Duration.ofSeconds(30)),
            FailureCode.INVALID);
      }
    }
  }
}
