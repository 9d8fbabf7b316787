package org.cairnfs.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import org.cairnfs.blob.BlobNodes;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.blob.BlockStoreLimits;
import org.cairnfs.blob.ClusterBlobs;
import org.cairnfs.blob.ClusterSettings;
import org.cairnfs.blob.LocalBlockStore;
import org.cairnfs.core.Bytes;
import org.cairnfs.crypto.BadKeyException;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.NameSealer;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.crypto.VolumeKeys;
import org.cairnfs.fuse.FuseLibrary;
import org.cairnfs.fuse.MountException;
import org.cairnfs.kv.KvOptions;
import org.cairnfs.kv.KvStore;
import org.cairnfs.kv.RocksKvStore;
import org.cairnfs.meta.DroppedBlobs;
import org.cairnfs.meta.LocalMetaSession;
import org.cairnfs.meta.MetaLog;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.SessionSettings;
import org.cairnfs.meta.raft.RaftMetaLog;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;
import org.cairnfs.vfs.LocalVfs;
import org.jspecify.annotations.Nullable;

/**
 * Wires a node: opens every layer over the one below it, as much at the same time as possible,
 * because a mount waits for it.
 *
 * <p>First what can be refused without touching anything: the keys, the mount point. Then the
 * stores. When a step fails, what was opened is closed. Used once, by one thread.
 */
final class Startup {
  /** Sealing is bound by the processor; on one core a second thread still hides the disk. */
  private static final int SEALING_THREADS_MIN = 2;

  private static final int PREFETCHING_THREADS = 2;
  private static final int TRANSFER_THREADS = 12;

  /** Of the disk, what blobs may take that were fetched for reading. */
  private static final int CACHED_DIVISOR = 10;

  private static final long CACHED_MAX_BYTES = 16L << 30;
  private static final int STORE_THREADS = 2;
  private static final int TIMER_THREADS = 2;
  private static final int ROOT_PERMISSIONS = 0755;

  private final Home home;
  private final NodeConfig config;
  private final SecureRandom random = new SecureRandom();
  private final Resources resources = new Resources();
  private final ExecutorService storing =
      resources.addExecutor(Threads.pool("store", STORE_THREADS));

  Startup(Home home, NodeConfig config) {
    this.home = home;
    this.config = config;
  }

  /** Starts everything; see {@link Node#start}. */
  Node run(@Nullable Passphrase passphrase, @Nullable MountRequest mount) throws OperatorException {
    boolean complete = false;
    try (ParallelSteps steps = new ParallelSteps()) {
      ParallelSteps.Step<FuseLibrary> fuse = steps.begin(() -> fuse(mount));
      ParallelSteps.Step<NodeIdentity> identity = steps.begin(this::identity);
      VolumeKeys keys = keys(passphrase);
      identity.get();
      if (mount != null) {
        fuse.get();
      }
      ParallelSteps.Step<SegmentStore> segments = steps.begin(this::segments);
      Metadata metadata = metadata(identity.get());
      Components components = components(identity.get(), keys, segments.get(), metadata);
      Mounts mounts = new Mounts(components.vfs(), fuse);
      complete = true;
      return new Node(home, config, components, mounts, resources);
    } finally {
      if (!complete) {
        closeAfterFailure();
      }
    }
  }

  /**
   * With a wish to mount, also makes sure, as far as that can be known, that it can be fulfilled.
   */
  private static FuseLibrary fuse(@Nullable MountRequest mount) throws OperatorException {
    try {
      FuseLibrary library = FuseLibrary.load();
      if (mount != null) {
        Mounts.detachStale(mount.directory());
        library.check(mount.directory(), mount.options());
      }
      return library;
    } catch (MountException e) {
      throw Mounts.explain(e);
    }
  }

  private NodeIdentity identity() throws OperatorException {
    try {
      return NodeIdentity.load(home.identityKey());
    } catch (IOException e) {
      throw DiskFailures.explain("cannot read the node's key " + home.identityKey(), e);
    } catch (BadKeyException e) {
      throw VolumeUnlock.explain(home, e);
    }
  }

  private VolumeKeys keys(@Nullable Passphrase passphrase) throws OperatorException {
    try (MasterKey master = VolumeUnlock.open(home, passphrase)) {
      return resources.add(VolumeKeys.derive(master));
    }
  }

  private SegmentStore segments() throws OperatorException {
    try {
      SegmentOptions options =
          SegmentOptions.forDisk(Files.getFileStore(home.segments()).getTotalSpace());
      return resources.add(SegmentStore.open(home.segments(), home.index(), options, storing));
    } catch (IOException e) {
      throw DiskFailures.explain("cannot open the blobs in " + home.segments(), e);
    }
  }

  /** Opens the store of cached blobs; its directory may be of a home made before there was one. */
  private SegmentStore cached(long maxBytes) throws IOException {
    Path directory = home.cached();
    if (!Files.exists(directory)) {
      Home.createPrivateDirectory(directory);
    }
    return SegmentStore.open(
        directory.resolve("segments"),
        directory.resolve("index"),
        SegmentOptions.forCache(maxBytes),
        storing);
  }

  /** The metadata's session, and what is under it. */
  private record Metadata(KvStore kv, MetaStore store, MetaSession session) {}

  private Metadata metadata(NodeIdentity identity) throws OperatorException {
    try {
      KvStore kv =
          resources.add(RocksKvStore.open(home.meta(), MetaStore.tableNames(), KvOptions.METADATA));
      MetaStore store = new MetaStore(kv);
      MetaLog log = resources.add(
          RaftMetaLog.open(home.raft(), config.clusterId(), identity.id().toString(), store));
      return new Metadata(
          kv, store, resources.add(LocalMetaSession.open(store, log, session(identity))));
    } catch (IOException e) {
      throw DiskFailures.explain("cannot open the metadata in " + home, e);
    }
  }

  private SessionSettings session(NodeIdentity identity) throws IOException {
    Path process = Path.of("/proc/self");
    return new SessionSettings(
        identity.id(),
        bytes(config.volumeId()),
        ROOT_PERMISSIONS,
        (Integer) Files.getAttribute(process, "unix:uid"),
        (Integer) Files.getAttribute(process, "unix:gid"),
        Clock.systemUTC(),
        random);
  }

  private static Bytes bytes(UUID id) {
    return new Bytes(ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .array());
  }

  private Components components(
      NodeIdentity identity, VolumeKeys keys, SegmentStore segments, Metadata metadata)
      throws OperatorException {
    int sealingThreads = Math.max(SEALING_THREADS_MIN, Runtime.getRuntime().availableProcessors());
    LocalBlockStore.Threads threads = new LocalBlockStore.Threads(
        resources.addExecutor(Threads.pool("seal", sealingThreads)),
        resources.addExecutor(Threads.pool("prefetch", PREFETCHING_THREADS)));
    ScheduledExecutorService timer = resources.addExecutor(Threads.timer("vfs", TIMER_THREADS));
    try {
      ClusterBlobs cluster = resources.add(clusterBlobs(identity, segments, metadata.store()));
      BlockStore blocks =
          cluster.blockStore(new BlockSealer(keys), threads, BlockStoreLimits.DEFAULT);
      LocalVfs vfs = resources.add(
          new LocalVfs(metadata.session(), blocks, new NameSealer(keys), Clock.systemUTC(), timer));
      metadata.store().addListener(new DroppedBlobs(cluster::dropped, cluster::reloaded));
      cluster.start();
      return new Components(
          identity, vfs, metadata.session(), blocks, List.of(metadata.kv()), random);
    } catch (IOException e) {
      throw DiskFailures.explain("cannot ask for the space on the disk of " + home.segments(), e);
    }
  }

  private ClusterBlobs clusterBlobs(NodeIdentity identity, SegmentStore segments, MetaStore store)
      throws IOException {
    FileStore disk = Files.getFileStore(home.segments());
    long cachedMaxBytes = Math.min(disk.getTotalSpace() / CACHED_DIVISOR, CACHED_MAX_BYTES);
    return new ClusterBlobs(
        new ClusterBlobs.Stores(segments, () -> cached(cachedMaxBytes), cachedMaxBytes, disk),
        new MetaCatalog(store),
        new ClusterBlobs.Peers(BlobNodes.alone(identity.id()), node -> {
          throw new IllegalStateException("a node alone has no peer " + node);
        }),
        new ClusterBlobs.Threads(
            resources.addExecutor(Threads.timer("blobs", 1)),
            resources.addExecutor(Threads.pool("transfer", TRANSFER_THREADS))),
        ClusterSettings.DEFAULT,
        System::nanoTime);
  }

  private void closeAfterFailure() throws OperatorException {
    try {
      resources.close();
    } catch (IOException e) {
      throw DiskFailures.explain("cannot close what was opened in " + home, e);
    }
  }
}
