package org.cairnfs.blob;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.cairnfs.PausableTimer;

/** Threads that work on the blobs of a test. */
final class BlobThreads implements AutoCloseable {
  final PausableTimer timer = new PausableTimer();
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
