package org.cairnfs.node.rehearsal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Stream;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.blob.BlockStoreLimits;
import org.cairnfs.blob.ClusterBlobs;
import org.cairnfs.blob.ClusterSettings;
import org.cairnfs.blob.RemoteBlobs;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.NameSealer;
import org.cairnfs.kv.HeapKvStore;
import org.cairnfs.meta.LocalMetaSession;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.SessionSettings;
import org.cairnfs.node.cluster.MetaCatalog;
import org.cairnfs.node.home.Home;
import org.cairnfs.store.Journal;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;
import org.cairnfs.vfs.LocalVfs;

/**
 * A volume of nobody's, of the same classes as that of a lone node, in a directory that goes with
 * it. The metadata and the index are in memory and there is no consensus: to open these takes
 * longer than what can be learned from them. Used by one thread.
 */
final class ScratchVolume implements AutoCloseable {
  /** Each of the two pools: those of the timer wait for those that seal. */
  private static final int THREADS = 2;

  private static final int JOURNAL_AREA_BYTES = 256 << 10;
  private static final SegmentOptions SEGMENTS = new SegmentOptions(8 << 20, 0, 8 << 20, 4);
  private static final BlockStoreLimits LIMITS = new BlockStoreLimits(1 << 20, 64, 4, 1);
  private static final NodeId SELF = new NodeId(0, 0, 0, 1);
  private static final Bytes VOLUME = new Bytes(new byte[16]);
  private static final int ROOT_PERMISSIONS = 0700;

  private final Path directory;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final LocalVfs vfs;

  /**
   * Makes an empty one.
   *
   * @param directory made anew; what an earlier one left there is deleted
   * @param threads makes those that work for it
   */
  ScratchVolume(Path directory, BlockSealer sealer, NameSealer names, ThreadFactory threads)
      throws IOException {
    this.directory = directory;
    boolean complete = false;
    try {
      delete();
      Home.createPrivateDirectory(directory);
      vfs = open(sealer, names, threads);
      complete = true;
    } finally {
      if (!complete) {
        close();
      }
    }
  }

  private LocalVfs open(BlockSealer sealer, NameSealer names, ThreadFactory threads)
      throws IOException {
    ScheduledExecutorService timer = Executors.newScheduledThreadPool(THREADS, threads);
    opened.push(timer::shutdownNow);
    ExecutorService sealing = Executors.newFixedThreadPool(THREADS, threads);
    opened.push(sealing::shutdownNow);
    SegmentStore segments = closing(SegmentStore.open(
        directory.resolve("segments"),
        new HeapKvStore(SegmentStore.INDEX_TABLES),
        SEGMENTS,
        sealing));
    Journal journal = closing(Journal.open(directory.resolve("journal"), JOURNAL_AREA_BYTES));
    MetaStore store = new MetaStore(new HeapKvStore(MetaStore.tableNames()));
    ScratchLog log = new ScratchLog(store);
    LocalMetaSession session = closing(LocalMetaSession.open(
        store,
        log,
        new SessionSettings(
            SELF,
            VOLUME,
            ROOT_PERMISSIONS,
            0,
            0,
            Clock.systemUTC(),
            System::nanoTime,
            new SecureRandom())));
    ClusterBlobs blobs = closing(new ClusterBlobs(
        new ClusterBlobs.Stores(
            segments, ScratchVolume::nothingCached, 0, Files.getFileStore(directory)),
        new MetaCatalog(store, () -> log),
        new ClusterBlobs.Peers(new LoneNode(SELF), ScratchVolume::noPeer),
        new ClusterBlobs.Threads(timer, timer),
        ClusterSettings.DEFAULT,
        System::nanoTime));
    BlockStore blocks = blobs.blockStore(sealer, sealing, LIMITS);
    LocalVfs.Clocks clocks = new LocalVfs.Clocks(Clock.systemUTC(), System::nanoTime);
    return closing(new LocalVfs(session, blocks, names, clocks, timer, journal));
  }

  private static SegmentStore nothingCached() {
    throw new IllegalStateException("a lone node caches no blobs of others");
  }

  private static RemoteBlobs noPeer(NodeId node) {
    throw new IllegalStateException("a lone node has no peer " + node);
  }

  private <R extends AutoCloseable> R closing(R resource) {
    opened.push(resource);
    return resource;
  }

  LocalVfs vfs() {
    return vfs;
  }

  /** Closes what was opened, whatever fails of it, and deletes the directory. */
  @Override
  public void close() throws IOException {
    IOException failure = new IOException("a scratch volume cannot be closed");
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        failure.addSuppressed(e);
      }
    }
    delete();
    if (failure.getSuppressed().length > 0) {
      throw failure;
    }
  }

  private void delete() throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
