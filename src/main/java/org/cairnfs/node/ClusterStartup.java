package org.cairnfs.node;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cairnfs.blob.ClusterBlobs;
import org.cairnfs.kv.KvOptions;
import org.cairnfs.kv.KvStore;
import org.cairnfs.kv.RocksKvStore;
import org.cairnfs.meta.DroppedBlobs;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.meta.raft.MetaSnapshotService;
import org.cairnfs.meta.raft.PeerRaftWire;
import org.cairnfs.meta.raft.RaftLinks;
import org.cairnfs.meta.raft.RaftMetaLog;
import org.cairnfs.meta.raft.RaftTiming;
import org.cairnfs.node.cluster.Cluster;
import org.cairnfs.node.cluster.MetaCatalog;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.store.SegmentStore;
import org.jspecify.annotations.Nullable;

/**
 * The part of {@link Startup} that members and storage nodes have in common: the metadata, its log,
 * and the network to other nodes. For one thread.
 */
final class ClusterStartup {
  private static final int RAFT_THREADS = 4;
  private static final int BLOB_THREADS = 8;
  private static final int REQUEST_THREADS = 4;

  /** How long a node waits for the others, to have what they have, before it is of use. */
  private static final int READY_SECONDS = 60;

  private final Cluster.Node node;
  private final Resources resources;
  private final KvStore kv;
  private final MetaStore store;
  private final Cluster cluster;
  private final PeerRaftWire wire;
  private @Nullable ClusterBlobs blobs;
  private volatile @Nullable RaftMetaLog log;

  private ClusterStartup(
      Cluster.Node node, Resources resources, KvStore kv, MetaStore store, Cluster cluster) {
    this.node = node;
    this.resources = resources;
    this.kv = kv;
    this.store = store;
    this.cluster = cluster;
    this.wire = new PeerRaftWire(cluster.network()::client, cluster.heartbeats()::takesPart);
  }

  /** Opens the metadata, and reads who belongs to the cluster. */
  static ClusterStartup prepare(Cluster.Node node, Resources resources, SecureRandom random)
      throws OperatorException {
    try {
      KvStore kv = resources.add(
          RocksKvStore.open(node.home().meta(), MetaStore.tableNames(), KvOptions.METADATA));
      MetaStore store = new MetaStore(kv);
      Cluster.Threads threads = new Cluster.Threads(
          resources.timer("cluster", 1),
          resources.pool("peer", REQUEST_THREADS),
          Threads.named("net"));
      Cluster cluster = resources.add(new Cluster(node, store, threads, Clock.systemUTC(), random));
      return new ClusterStartup(node, resources, kv, store, cluster);
    } catch (IOException e) {
      throw DiskFailures.explain("cannot open the metadata in " + node.home(), e);
    }
  }

  /**
   * Opens the way to the others, if there are any, and the log, and waits until this node has what
   * they have.
   *
   * @param segments may still be on its way
   * @param end told if the node may not go on
   */
  ClusterBlobs begin(ParallelSteps.Step<SegmentStore> segments, BlobStartup startup, EndOfNode end)
      throws OperatorException {
    SegmentStore here = segments.get();
    ClusterBlobs opened = startup.clusterBlobs(
        here, new MetaCatalog(store, () -> log), cluster, node.config().upkeep());
    blobs = opened;
    cluster.blobs(
        () -> here.stats().liveBytes(),
        new DrainProgress(cluster.id(), cluster.members(), opened::repairStats));
    serve(opened);
    boolean networked = cluster.wantsNetwork();
    if (networked) {
      cluster.open();
    }
    RaftMetaLog raft = openLog(networked);
    log = raft;
    cluster.begin(raft, () -> raft.connect(links()), end);
    awaitReady(raft);
    return opened;
  }

  private void serve(ClusterBlobs opened) {
    ExecutorService raft = resources.pool("raft-wire", RAFT_THREADS);
    ExecutorService disk = resources.pool("blob-wire", BLOB_THREADS);
    cluster.network().serve(handlers -> wire.register(handlers, raft));
    cluster.network().serve(handlers -> new MetaSnapshotService(store).register(handlers, disk));
    cluster.network().serve(handlers -> opened.register(handlers, disk));
  }

  /**
   * From now on blobs are collected, swept and repaired; the session must be open if there is one.
   */
  void keepBlobs() {
    ClusterBlobs opened = blobs();
    store.addListener(new DroppedBlobs(opened::dropped, opened::reloaded));
    opened.start();
  }

  private RaftLinks links() {
    return new RaftLinks(
        wire,
        (from, into) -> MetaSnapshotService.source(cluster.network().client()).fetch(from, into));
  }

  private RaftMetaLog openLog(boolean networked) throws OperatorException {
    try {
      return resources.add(RaftMetaLog.open(
          new RaftMetaLog.Place(
              node.home().raft(),
              node.config().clusterId(),
              node.identity().id().toString(),
              cluster.isNew()),
          store,
          cluster.members(),
          networked ? links() : null,
          RaftTiming.DEFAULT.withSilentVoter(node.config().upkeep().outAfter())));
    } catch (IOException e) {
      throw DiskFailures.explain("cannot open the metadata in " + node.home(), e);
    }
  }

  private void awaitReady(RaftMetaLog opened) throws OperatorException {
    try {
      opened.ready().get(READY_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OperatorException("interrupted while starting", "Start the node again.", e);
    } catch (ExecutionException e) {
      throw DiskFailures.explain(
          "the metadata log failed", Objects.requireNonNullElse(e.getCause(), e));
    } catch (TimeoutException e) {
      throw new OperatorException(
          "no majority of the cluster answers" + cluster.troubles(),
          "Start the other nodes, or see that they can be reached from here, and try again.",
          e);
    }
  }

  Cluster.Node node() {
    return node;
  }

  Cluster cluster() {
    return cluster;
  }

  KvStore kv() {
    return kv;
  }

  MetaStore store() {
    return store;
  }

  /** The blobs, once it has begun. */
  ClusterBlobs blobs() {
    return Objects.requireNonNull(blobs);
  }

  /** The log, once it has begun. */
  RaftMetaLog log() {
    return Objects.requireNonNull(log);
  }
}
