package org.cairnfs.meta;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Extent;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.kv.InMemoryKvStore;

/** A volume on the heap with a session, and short names for making things in it. */
final class MetaFixture {
  static final Bytes VOLUME = new Bytes(new byte[] {7, 7, 7, 7});
  static final NodeId NODE = new NodeId(1, 2, 3, 4);
  static final InodeNumber ROOT = InodeNumber.ROOT;

  InMemoryKvStore kv;
  MetaStore store;
  QueuedMetaLog log;
  LocalMetaSession session;
  private long second = 1_000;

  MetaFixture(boolean atOnce) {
    this(new InMemoryKvStore(MetaStore.tableNames()), atOnce, 1);
  }

  MetaFixture(InMemoryKvStore kv, boolean atOnce, long seed) {
    this.kv = kv;
    this.store = new MetaStore(kv);
    QueuedMetaLog opening = new QueuedMetaLog(store, true);
    this.log = atOnce ? opening : new QueuedMetaLog(store, false);
    try {
      this.session = open(store, log, seed);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static LocalMetaSession open(MetaStore store, QueuedMetaLog log, long seed)
      throws IOException {
    Thread pump = new Thread(() -> {
      while (!Thread.currentThread().isInterrupted()) {
        log.applyAll();
        Thread.onSpinWait();
      }
    });
    pump.start();
    try {
      return LocalMetaSession.open(store, log, TestSettings.withSeed(seed));
    } finally {
      pump.interrupt();
      try {
        pump.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** A moment after every earlier one. */
  Timestamp tick() {
    return new Timestamp(++second, 5);
  }

  static Bytes name(String name) {
    return new Bytes(name.getBytes(UTF_8));
  }

  Inode file(InodeNumber parent, String name) {
    return session.create(
        parent, name(name), new NewInode(FileMode.REGULAR | 0644, 10, 20, 0, null, 0, tick()));
  }

  Inode directory(InodeNumber parent, String name) {
    return session.create(
        parent, name(name), new NewInode(FileMode.DIRECTORY | 0755, 10, 20, 0, null, 0, tick()));
  }

  static BlobRef blob(long id, int length) {
    byte[] key = new byte[40];
    key[0] = (byte) id;
    return new BlobRef(new BlobId(id, 0, 0, id), new Bytes(key), length, BlobFormat.LATEST);
  }

  static Extent extent(int offset, int length, long blob) {
    return new Extent(offset, length, blob(blob, length), 0);
  }

  FileUpdate update(InodeNumber file, long size, long block, Extent... extents) {
    Timestamp now = tick();
    return new FileUpdate(file, size, now, now, new TreeMap<>(Map.of(block, List.of(extents))));
  }

  /** Keys that differ from the committed tables. */
  long overlaySize() {
    return session.life().overlay().size();
  }

  /** Cuts and commits. */
  CompletableFuture<Void> commit(FileUpdate... updates) {
    return session.cut().commit(List.of(updates));
  }

  AttributeChange size(long size) {
    return new AttributeChange(null, null, null, size, null, null, tick());
  }
}
