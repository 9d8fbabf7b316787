package org.cairnfs.vfs;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.blob.BlockStoreLimits;
import org.cairnfs.blob.ClusterBlobs;
import org.cairnfs.blob.LoneBlobs;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.NameSealer;
import org.cairnfs.crypto.VolumeKeys;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.meta.DroppedBlobs;
import org.cairnfs.meta.LocalMetaSession;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.SessionSettings;
import org.cairnfs.meta.Sessions;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;

/** Several hosts with one volume: each has its own metadata, all have one store of blobs. */
final class ClusterFixture implements AutoCloseable {
  private static final long DISK_BYTES = 1L << 30;

  private final FileSystem disk = Jimfs.newFileSystem(
      Configuration.unix().toBuilder().setMaxSize(DISK_BYTES).build());
  private final VolumeKeys keys = VolumeKeys.derive(MasterKey.of(new byte[MasterKey.SIZE_BYTES]));
  private final ExecutorService threads = Executors.newFixedThreadPool(3);
  private final SegmentStore segments;
  private final ScheduledExecutorService collecting = Executors.newScheduledThreadPool(1);
  private final List<MetaStore> stores = new CopyOnWriteArrayList<>();
  private final ClusterBlobs blobs;
  private final BlockStore blocks;
  private final ClusterLog log;
  private final List<Host> hosts = new ArrayList<>();
  private final long seed;

  /** A host of the cluster. */
  record Host(
      NodeId id,
      MetaStore store,
      ClusterLog.Node node,
      LocalMetaSession session,
      LocalVfs vfs,
      ScheduledExecutorService timer) {
    VfsFiles files() {
      return new VfsFiles(vfs);
    }

    /** What another node proposes when it misses this one. */
    void declareDead(Host by) {
      Sessions.list(by.store).stream()
          .filter(live -> live.node().equals(id))
          .forEach(live -> by.node.propose(Sessions.endEntry(live.id())).join());
    }
  }

  ClusterFixture(int count, boolean late, long seed) throws IOException {
    this.seed = seed;
    this.log = new ClusterLog(late, seed);
    Path directory = disk.getPath("/segments");
    Files.createDirectories(directory);
    segments = SegmentStore.open(
        directory,
        new InMemoryKvStore(SegmentStore.INDEX_TABLES),
        new SegmentOptions(8 << 20, 0, 32 << 20, 16),
        threads);
    blobs = LoneBlobs.over(
        segments, Files.getFileStore(directory), new StoresCatalog(stores), collecting);
    blocks =
        blobs.blockStore(new BlockSealer(keys), threads, new BlockStoreLimits(8 << 20, 64, 8, 4));
    for (int i = 0; i < count; i++) {
      add();
    }
    blobs.start();
  }

  /** One more host joins. */
  Host add() throws IOException {
    NodeId id = new NodeId(1, 2, 3, hosts.size());
    MetaStore store = new MetaStore(new InMemoryKvStore(MetaStore.tableNames()));
    store.addListener(new DroppedBlobs(blobs::dropped, blobs::reloaded));
    stores.add(store);
    ClusterLog.Node node = log.new Node(store);
    SessionSettings settings = new SessionSettings(
        id,
        new Bytes(new byte[16]),
        0755,
        0,
        0,
        Clock.systemUTC(),
        System::nanoTime,
        new SplittableRandom(seed * 31 + hosts.size()));
    LocalMetaSession session = LocalMetaSession.open(store, node, settings);
    ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
    LocalVfs.Clocks clocks = new LocalVfs.Clocks(Clock.systemUTC(), System::nanoTime);
    LocalVfs vfs = new LocalVfs(session, blocks, new NameSealer(keys), clocks, timer, null);
    Host host = new Host(id, store, node, session, vfs, timer);
    hosts.add(host);
    return host;
  }

  Host host(int index) {
    return hosts.get(index);
  }

  List<LocalVfs> all() {
    return hosts.stream().map(Host::vfs).toList();
  }

  ClusterLog log() {
    return log;
  }

  long storedBlobs() {
    return segments.stats().blobs();
  }

  @Override
  public void close() throws IOException {
    for (Host host : hosts) {
      host.vfs.close();
      host.timer.shutdownNow();
      host.session.close();
    }
    log.close();
    blobs.close();
    collecting.shutdownNow();
    segments.close();
    threads.shutdownNow();
    disk.close();
  }
}
