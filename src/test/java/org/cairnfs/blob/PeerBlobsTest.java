package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.MessageType;
import org.cairnfs.net.PeerException;
import org.cairnfs.net.TestNode;
import org.cairnfs.store.DiskFullException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A node's blobs as another node sees them, over a real connection. */
final class PeerBlobsTest {
  private final InMemoryBlobStore store = new InMemoryBlobStore();
  private final AtomicBoolean leaving = new AtomicBoolean();
  private final TestNode server = TestNode.create();
  private final TestNode client = TestNode.create();
  private final byte[] blob = new byte[BlobFormat.BLOB_MAX_BYTES];
  private BlobId id;
  private PeerBlobs blobs;

  @BeforeEach
  void start() throws Exception {
    new Random(1).nextBytes(blob);
    id = Blocks.id(blob);
    Handlers.Builder handlers = Handlers.builder();
    new BlobService(Blocks.local(store), leaving::get).register(handlers, server.executor());
    server.listen(handlers.build());
    client.knows(server);
    blobs = new PeerBlobs(client.client(), server.id(), TestNode.LIMIT, new SecureRandom());
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  /** Returns whether the server did not have it before. */
  private boolean put() {
    return blobs.put(id, message()).join();
  }

  private ByteBuffer message() {
    return message(id, blob);
  }

  private static ByteBuffer message(BlobId id, byte[] blob) {
    ByteBuffer message = ByteBuffer.allocate(BlobId.SIZE_BYTES + blob.length);
    id.write(message);
    return message.put(blob).flip();
  }

  private static void assertRefused(CompletableFuture<?> future, FailureCode code) {
    assertThatThrownBy(future::join)
        .cause()
        .isInstanceOfSatisfying(PeerException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private byte[] fetch(int offset, int length) {
    RemoteBlobs.Fetch fetch = blobs.get(id, offset, length);
    byte[] bytes = new byte[length];
    fetch.bytes().join().get(bytes);
    assertThat(fetch.arrived()).hasValue(length);
    return bytes;
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
  void severalAreAskedForAtOnce() throws Exception {
    List<BlobId> ids = new ArrayList<>();
    Set<BlobId> there = new HashSet<>();
    for (int i = 0; i < BlobMessages.SEVERAL_MAX; i++) {
      byte[] bytes = Blocks.random(100, i);
      ids.add(Blocks.id(bytes));
      if (i % 3 == 0) {
        there.add(Blocks.id(bytes));
        assertThat(blobs.put(Blocks.id(bytes), message(Blocks.id(bytes), bytes)).join())
            .isTrue();
      }
    }
    int syncs = store.syncs();
    assertThat(blobs.holdAll(ids).join()).isEqualTo(there);
    assertThat(store.syncs()).as("with one wait for the disk").isEqualTo(syncs + 1);
    leaving.set(true);
    assertThat(blobs.holdAll(ids).join()).isEmpty();
    ids.add(id);
    assertRefused(blobs.holdAll(ids), FailureCode.INVALID);
    assertRefused(blobs.holdAll(List.of()), FailureCode.INVALID);
  }

  @Test
  void whatIsPutIsThere() throws Exception {
    assertThat(blobs.hold(id).get()).isEqualTo(OptionalInt.empty());

    assertThat(put()).isTrue();

    assertThat(blobs.hold(id).get()).hasValue(blob.length);
    assertThat(fetch(0, blob.length)).isEqualTo(blob);
    assertThat(store.lengthBytes(id)).hasValue(blob.length);
    assertThat(put()).as("it was there before").isFalse();
    assertThat(store.syncs()).as("each answer is about stable storage").isEqualTo(3);
  }

  @Test
  void aPartMovesThatPartOnly() throws Exception {
    put();

    assertThat(fetch(16, 65_552)).isEqualTo(Arrays.copyOfRange(blob, 16, 65_568));
    assertThat(fetch(blob.length - 1, 1)).containsExactly(blob[blob.length - 1]);
  }

  @Test
  void aNodeThatLeavesPromisesNothing() throws Exception {
    put();
    leaving.set(true);

    assertThat(blobs.hold(id).get()).isEqualTo(OptionalInt.empty());
    assertThat(fetch(0, 10)).isEqualTo(Arrays.copyOf(blob, 10));
  }

  @Test
  void whatIsNotThereCannotBeFetched() {
    assertRefused(blobs.get(id, 0, 1).bytes(), FailureCode.NOT_FOUND);
  }

  @Test
  void aSuspectBlobIsVerifiedAndNoLongerServedIfItIsDamaged() {
    put();
    blobs.suspect(id);
    store.flipBit(id, 1000);
    blobs.suspect(id);

    await().until(() -> store.lengthBytes(id).isEmpty());
    assertRefused(blobs.get(id, 0, 1).bytes(), FailureCode.NOT_FOUND);
  }

  @Test
  void bytesThatAreNotTheBlobAreNotKept() throws Exception {
    blob[7]++;

    assertRefused(blobs.put(id, message()), FailureCode.INVALID);

    assertThat(store.lengthBytes(id)).isEmpty();
  }

  @Test
  void partsOutsideTheBlobAreRefused() {
    put();

    assertRefused(blobs.get(id, 1, blob.length).bytes(), FailureCode.INVALID);
    assertRefused(blobs.get(id, Integer.MAX_VALUE, 1).bytes(), FailureCode.INVALID);
    assertRefused(blobs.get(id, -1, 1).bytes(), FailureCode.INVALID);
  }

  private static ByteBuffer message(byte[] blob) {
    return message(Blocks.id(blob), blob);
  }

  @Test
  void theBytesOfSeveralArePinned() throws Exception {
    BlobId first = new BlobId(0, 0, 0, 1);
    BlobId second = new BlobId(0, 0, 0, 2);
    String hex = "00000003" + first + "0a0b0c" + "00000001" + second + "0d";
    ByteBuffer one = ByteBuffer.wrap(HexFormat.of().parseHex(first + "0a0b0c"));
    ByteBuffer other = ByteBuffer.wrap(HexFormat.of().parseHex(second + "0d"));

    ByteBuffer body = BlobMessages.encodeSeveral(List.of(one, other));

    assertThat(body).isEqualTo(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
    assertThat(BlobMessages.readSeveral(body))
        .containsExactly(
            entry(first, ByteBuffer.wrap(new byte[] {10, 11, 12})),
            entry(second, ByteBuffer.wrap(new byte[] {13})));
  }

  @Test
  void severalThatArePutAreThereWithOneSync() throws Exception {
    byte[] first = Blocks.random(100, 1);
    byte[] second = Blocks.random(30_000, 2);

    blobs.putAll(List.of(message(first), message(second), message(first))).join();

    assertThat(blobs.hold(Blocks.id(first)).get()).hasValue(100);
    assertThat(blobs.hold(Blocks.id(second)).get()).hasValue(30_000);
    assertThat(store.syncs()).as("one, and one for each question").isEqualTo(3);
  }

  @Test
  void severalOfWhichOneIsAnotherAreRefused() throws Exception {
    byte[] good = Blocks.random(100, 1);
    ByteBuffer bad = message(Blocks.random(100, 2));
    bad.put(bad.limit() - 1, (byte) (bad.get(bad.limit() - 1) + 1));

    assertRefused(blobs.putAll(List.of(message(good), bad)), FailureCode.INVALID);

    assertThat(store.lengthBytes(Blocks.id(good))).isEmpty();
  }

  /** Whoever sent them leaves it to that node to miss what it could not store. */
  @Test
  void ofSeveralThatFindNoRoomAllAreMissed() throws Exception {
    byte[] first = Blocks.random(100, 1);
    byte[] second = Blocks.random(100, 2);
    LocalBlobs full = Blocks.local(new ForwardingBlobStore(store) {
      @Override
      public boolean append(BlobId id, ByteBuffer bytes) throws IOException {
        throw new DiskFullException("no room");
      }
    });
    List<BlobId> missed = new ArrayList<>();
    full.onRefused(missed::add);
    Map<BlobId, ByteBuffer> sent = BlobMessages.readSeveral(
        BlobMessages.encodeSeveral(List.of(message(first), message(second))));

    assertThatThrownBy(() -> new BlobService(full, () -> false).putAll(sent))
        .isInstanceOf(DiskFullException.class);

    assertThat(missed).containsExactly(Blocks.id(first), Blocks.id(second));
  }

  @Test
  void messagesOfTheWrongLengthAreRefused() {
    for (var type : new MessageType[] {
      BlobMessages.HOLD, BlobMessages.PUT, BlobMessages.PUT_SEVERAL, BlobMessages.SUSPECT
    }) {
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
