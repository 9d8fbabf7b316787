package org.cairnfs.blob;

import java.nio.file.FileStore;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import org.cairnfs.store.BlobStore;

/** The blobs of a node that is alone, for tests of what is above. */
public final class LoneBlobs {
  private LoneBlobs() {}

  /**
   * Over a store of replicas; nothing is cached.
   *
   * @param timer does all work in the background
   */
  public static ClusterBlobs over(
      BlobStore store, FileStore disk, BlobCatalog catalog, ScheduledExecutorService timer) {
    return new ClusterBlobs(
        new ClusterBlobs.Stores(store, Blocks.NO_CACHE, 0, disk),
        catalog,
        peers(),
        new ClusterBlobs.Threads(timer, timer),
        ClusterSettings.DEFAULT,
        System::nanoTime);
  }

  static ClusterBlobs.Peers peers() {
    return new ClusterBlobs.Peers(new FakeNodes(1), node -> {
      throw new IllegalStateException("no peer " + node);
    });
  }

  static Holds holds() {
    return new Holds(Duration.ofMinutes(10), System::nanoTime);
  }
}
