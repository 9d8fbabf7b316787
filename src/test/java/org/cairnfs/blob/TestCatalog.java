package org.cairnfs.blob;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.SizedBlob;
import org.jspecify.annotations.Nullable;

/** Metadata that says of blobs what a test wants. */
final class TestCatalog implements BlobCatalog {
  private final ConcurrentSkipListMap<BlobId, Integer> referenced = new ConcurrentSkipListMap<>();
  private final Set<BlobId> garbage = ConcurrentHashMap.newKeySet();

  /** What comes of asking whether it is up to date. */
  volatile Supplier<CompletableFuture<?>> upToDate = () -> CompletableFuture.completedFuture(null);

  /** Runs before a page is read. */
  volatile Runnable onPage = () -> {};

  void refer(BlobId id, int plainLength) {
    garbage.remove(id);
    referenced.put(id, plainLength);
  }

  void markGarbage(BlobId id) {
    referenced.remove(id);
    garbage.add(id);
  }

  void drop(BlobId id) {
    referenced.remove(id);
    garbage.remove(id);
  }

  @Override
  public boolean isReferenced(BlobId id) {
    return referenced.containsKey(id);
  }

  @Override
  public boolean isKnown(BlobId id) {
    return isReferenced(id) || garbage.contains(id);
  }

  @Override
  public CompletableFuture<?> upToDate() {
    return upToDate.get();
  }

  @Override
  public List<SizedBlob> referenced(@Nullable BlobId after, int max) {
    onPage.run();
    List<SizedBlob> page = new ArrayList<>();
    var rest = after == null ? referenced : referenced.tailMap(after, false);
    for (var entry : rest.entrySet()) {
      if (page.size() == max) {
        break;
      }
      page.add(new SizedBlob(entry.getKey(), BlobFormat.LATEST.blobLengthOf(entry.getValue())));
    }
    return page;
  }
}
