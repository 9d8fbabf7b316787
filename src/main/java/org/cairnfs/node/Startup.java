package org.cairnfs.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.blob.BlockStoreLimits;
import org.cairnfs.blob.ClusterBlobs;
import org.cairnfs.core.Bytes;
import org.cairnfs.crypto.BadKeyException;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.NameSealer;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.crypto.VolumeKeys;
import org.cairnfs.fuse.FuseLibrary;
import org.cairnfs.fuse.MountException;
import org.cairnfs.meta.LocalMetaSession;
import org.cairnfs.meta.MetaSession;
import org.cairnfs.meta.SessionSettings;
import org.cairnfs.net.Role;
import org.cairnfs.node.cluster.Cluster;
import org.cairnfs.node.cluster.MemberControl;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.cairnfs.node.rehearsal.CipherRehearsal;
import org.cairnfs.node.rehearsal.VolumeRehearsal;
import org.cairnfs.store.Journal;
import org.cairnfs.store.SegmentStore;
import org.cairnfs.vfs.JournalReplay;
import org.cairnfs.vfs.LocalVfs;
import org.jspecify.annotations.Nullable;

/**
 * Wires a node: opens every layer over the one below it, as much at the same time as possible,
 * because a mount waits for it.
 *
 * <p>First what can be refused without touching anything: the keys, the mount point. Then the
 * stores, the way to other nodes if there are any, the metadata log, and on a member the volume.
 * When a step fails, what was opened is closed. Used once, by one thread.
 */
final class Startup {
  /** Sealing is bound by the processors, and one more thread waits for the disk meanwhile. */
  private static final int SEALING_THREADS_BESIDE = 1;

  private static final int TIMER_THREADS = 2;
  private static final int ROOT_PERMISSIONS = 0755;

  /** Room for what is synced while the log and the segments catch up. */
  private static final int JOURNAL_AREA_BYTES = 2 << 20;

  private final Home home;
  private final NodeConfig config;
  private final EndOfNode end;
  private final SecureRandom random = new SecureRandom();
  private final Resources resources = new Resources();

  /** @param end told if the node may not go on */
  Startup(Home home, NodeConfig config, EndOfNode end) {
    this.home = home;
    this.config = config;
    this.end = end;
  }

  /** Starts everything; see {@link Node#start}. */
  Node run(@Nullable Passphrase passphrase, @Nullable MountRequest mount) throws OperatorException {
    try {
      return open(passphrase, mount);
    } catch (OperatorException | RuntimeException | Error e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  private Node open(@Nullable Passphrase passphrase, @Nullable MountRequest mount)
      throws OperatorException {
    try (ParallelSteps steps = new ParallelSteps()) {
      return config.profile().role() == Role.MEMBER
          ? member(steps, passphrase, mount)
          : storage(steps, passphrase, mount);
    }
  }

  private Node member(
      ParallelSteps steps, @Nullable Passphrase passphrase, @Nullable MountRequest mount)
      throws OperatorException {
    ParallelSteps.Step<FuseLibrary> fuse = steps.begin(() -> fuse(mount));
    ParallelSteps.Step<NodeIdentity> identity = steps.begin(this::identity);
    VolumeKeys keys = keys(passphrase);
    BlockSealer sealer = new BlockSealer(keys);
    Threads.named("rehearsal").newThread(new CipherRehearsal(sealer)).start();
    identity.get();
    if (mount != null) {
      fuse.get();
    }
    BlobStartup blobs = BlobStartup.prepare(home, resources);
    ParallelSteps.Step<SegmentStore> segments = steps.begin(blobs::segments);
    var unused = steps.begin(() -> {
      segments.get(); // loads the last of the libraries
      return ResidentCode.touch();
    });
    ClusterStartup cluster = ClusterStartup.prepare(node(identity.get(), blobs), resources, random);
    ClusterBlobs clusterBlobs = cluster.begin(segments, blobs, end);
    Journal journal = journal(cluster, segments.get());
    Components.Volume volume = volume(keys, sealer, clusterBlobs, session(cluster), journal);
    cluster.keepBlobs();
    return new Node(
        home,
        config,
        components(cluster, blobs, segments.get(), volume),
        VolumeAccess.to(volume, fuse, rehearsal(keys, sealer), random),
        resources);
  }

  /** What is to happen beside the first mount. */
  private Runnable rehearsal(VolumeKeys keys, BlockSealer sealer) {
    if (!VolumeRehearsal.WANTED) {
      return () -> {};
    }
    VolumeRehearsal rehearsal = resources.add(new VolumeRehearsal(
        home.rehearsal(), sealer, new NameSealer(keys), Threads.named("rehearsal")));
    return rehearsal::begin;
  }

  private Node storage(
      ParallelSteps steps, @Nullable Passphrase passphrase, @Nullable MountRequest mount)
      throws OperatorException {
    if (mount != null) {
      throw StorageNode.refuse("mount the volume");
    } else if (passphrase != null) {
      throw StorageNode.refuse("do anything with a passphrase");
    }
    BlobStartup blobs = BlobStartup.prepare(home, resources);
    ParallelSteps.Step<SegmentStore> segments = steps.begin(blobs::segments);
    ClusterStartup cluster = ClusterStartup.prepare(node(identity(), blobs), resources, random);
    cluster.begin(segments, blobs, end);
    cluster.keepBlobs();
    return new Node(
        home, config, components(cluster, blobs, segments.get(), null), null, resources);
  }

  private Cluster.Node node(NodeIdentity identity, BlobStartup blobs) {
    return new Cluster.Node(home, config, identity, Version.software(), blobs.diskBytes());
  }

  private Components components(
      ClusterStartup cluster,
      BlobStartup blobs,
      SegmentStore segments,
      Components.@Nullable Volume volume) {
    return new Components(
        cluster.cluster(),
        new MemberControl(cluster.cluster(), cluster.node(), Clock.systemUTC(), random),
        cluster.log(),
        new Components.Storage(
            cluster.store(), segments, cluster.blobs(), blobs.disk(), List.of(cluster.kv())),
        volume);
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

  private MetaSession session(ClusterStartup cluster) throws OperatorException {
    try {
      Path process = Path.of("/proc/self");
      SessionSettings settings = new SessionSettings(
          cluster.cluster().id(),
          bytes(config.volumeId()),
          ROOT_PERMISSIONS,
          (Integer) Files.getAttribute(process, "unix:uid"),
          (Integer) Files.getAttribute(process, "unix:gid"),
          Clock.systemUTC(),
          System::nanoTime,
          random);
      return resources.add(LocalMetaSession.open(cluster.store(), cluster.log(), settings));
    } catch (IOException e) {
      throw DiskFailures.explain("cannot open the metadata in " + home, e);
    }
  }

  private static Bytes bytes(UUID id) {
    return new Bytes(ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(id.getMostSignificantBits())
        .putLong(id.getLeastSignificantBits())
        .array());
  }

  /** Opens the journal, whose last records may have to be done again after a crash. */
  private Journal journal(ClusterStartup cluster, SegmentStore segments) throws OperatorException {
    try {
      Journal journal = resources.add(Journal.open(home.journal(), JOURNAL_AREA_BYTES));
      new JournalReplay(cluster.store(), cluster.log(), segments).run(journal);
      return journal;
    } catch (IOException e) {
      throw DiskFailures.explain("cannot bring back what was synced last in " + home, e);
    }
  }

  private Components.Volume volume(
      VolumeKeys keys,
      BlockSealer sealer,
      ClusterBlobs clusterBlobs,
      MetaSession session,
      Journal journal) {
    int processors = Runtime.getRuntime().availableProcessors();
    Executor sealing = resources.pool("seal", processors + SEALING_THREADS_BESIDE);
    ScheduledExecutorService timer = resources.timer("vfs", TIMER_THREADS);
    BlockStoreLimits limits = BlockStoreLimits.forHeap(Runtime.getRuntime().maxMemory());
    BlockStore blocks = clusterBlobs.blockStore(sealer, sealing, limits);
    LocalVfs.Clocks clocks = new LocalVfs.Clocks(Clock.systemUTC(), System::nanoTime);
    LocalVfs vfs =
        resources.add(new LocalVfs(session, blocks, new NameSealer(keys), clocks, timer, journal));
    MountCaches caches = new MountCaches(config.idlePolling());
    vfs.connect(caches);
    return new Components.Volume(vfs, session, blocks, caches);
  }
}
