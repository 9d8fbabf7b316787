package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.cairnfs.core.BlobId;
import org.junit.jupiter.api.Test;

final class ScrubTest {
  private static final int BLOB_BYTES = 20_000;

  private final List<BlobId> verified = new ArrayList<>();
  private final AtomicLong now = new AtomicLong();
  private boolean broken;
  private final InMemoryBlobStore store = new InMemoryBlobStore();
  private final LocalBlobs local = Blocks.local(new ForwardingBlobStore(store) {
    @Override
    public boolean verify(BlobId id) {
      verified.add(id);
      if (broken) {
        throw new IllegalStateException("a defect");
      }
      return true;
    }
  });
  private final Scrub scrub = scrub(BlobId.of(new byte[BlobId.SIZE_BYTES]));

  private Scrub scrub(BlobId start) {
    return new Scrub(local, start, Duration.ofHours(6), now::get);
  }

  private List<BlobId> storeTen() throws Exception {
    return storeTen(BLOB_BYTES);
  }

  private List<BlobId> storeTen(int blobBytes) throws Exception {
    for (int i = 0; i < 10; i++) {
      byte[] blob = Blocks.random(blobBytes, i);
      store.append(BlobId.of(Arrays.copyOf(blob, BlobId.SIZE_BYTES)), ByteBuffer.wrap(blob));
    }
    return store.list(null, 100);
  }

  /** A timer calls nobody again who threw. */
  @Test
  void aDefectDoesNotEndIt() throws Exception {
    List<BlobId> all = storeTen();
    broken = true;
    scrub.step(3 * BLOB_BYTES);
    broken = false;
    scrub.step(3 * BLOB_BYTES);
    assertThat(verified).isEqualTo(all.subList(0, 4));
  }

  @Test
  void readsAllBlobsAtItsRateAndThenRests() throws Exception {
    List<BlobId> all = storeTen();

    scrub.step(3 * BLOB_BYTES);
    assertThat(verified).isEqualTo(all.subList(0, 3));
    for (int i = 0; i < 10; i++) {
      scrub.step(3 * BLOB_BYTES);
    }
    assertThat(verified).isEqualTo(all);

    now.addAndGet(Duration.ofHours(6).toNanos());
    scrub.step(3 * BLOB_BYTES);
    assertThat(verified).hasSize(13);
  }

  /** Thousands of them in a second would take from programs what a few large ones do not. */
  @Test
  void smallBlobsCountForMore() throws Exception {
    List<BlobId> all = storeTen(1000);
    scrub.step(64 << 10);
    assertThat(verified).isEqualTo(all.subList(0, 4));
  }

  /** Else a node that seldom runs for as long as that would never look at the others. */
  @Test
  void whereverItBeginsItReadsAllBlobsBeforeItRests() throws Exception {
    List<BlobId> all = storeTen();
    Scrub scrub = scrub(all.get(6));

    for (int i = 0; i < 10; i++) {
      scrub.step(3 * BLOB_BYTES);
    }
    List<BlobId> order = new ArrayList<>(all.subList(7, 10));
    order.addAll(all.subList(0, 7));
    assertThat(verified).isEqualTo(order);
  }
}
