package org.cairnfs.blob;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.cairnfs.core.BlobId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class BlobSweepTest {
  private final InMemoryBlobStore store = new InMemoryBlobStore();
  private final TestCatalog catalog = new TestCatalog();

  @BeforeEach
  void storeWhatIsKnown() throws Exception {
    catalog.refer(add(1, 1).get(0), 3);
    catalog.markGarbage(add(2, 1).get(0));
  }

  @Test
  void findsOnceWhatTheMetadataDoesNotKnow() throws Exception {
    List<BlobId> leaked = add(3, 5000);
    assertThat(found()).containsExactlyInAnyOrderElementsOf(leaked);
  }

  @Test
  void looksThroughTheWholeOfALargeStore() throws Exception {
    add(4, 26_000).forEach(id -> catalog.refer(id, 3));
    List<BlobId> leaked = add(3, 25_000);
    List<BlobId> found = found();
    assertThat(found).hasSameSizeAs(leaked);
    assertThat(Set.copyOf(found))
        .isEqualTo(Set.copyOf(leaked)); // lists would be compared for minutes
  }

  @Test
  void keepsEverythingIfTheMetadataKnowsTooLittle() throws Exception {
    add(3, 30_000);
    assertThat(found()).isEmpty();
  }

  private List<BlobId> add(int kind, int count) throws Exception {
    List<BlobId> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      BlobId id = new BlobId(i, 2, 3, kind);
      boolean unused = store.append(id, ByteBuffer.wrap(new byte[] {1, 2, 3}));
      ids.add(id);
    }
    return ids;
  }

  private List<BlobId> found() throws Exception {
    BlobSweep sweep = new BlobSweep(catalog, Blocks.local(store));
    List<BlobId> found = new ArrayList<>();
    while (!sweep.hasEnded()) {
      found.addAll(sweep.step());
    }
    assertThat(sweep.step()).isEmpty();
    return found;
  }
}
