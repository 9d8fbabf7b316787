package org.cairnfs.blob;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Threads that work on the blobs of a test. */
final class BlobThreads implements AutoCloseable {
  final ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
  final ExecutorService transfers = Executors.newCachedThreadPool();

  ClusterBlobs.Threads both() {
    return new ClusterBlobs.Threads(timer, transfers);
  }

  @Override
  public void close() {
    timer.shutdownNow();
    transfers.shutdownNow();
  }
}
