package org.cairnfs.blob;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.NodeId;
import org.cairnfs.kv.InMemoryKvStore;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.TestNode;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;

/** A host with blobs and a real transport on the loopback; the metadata is the test's. */
final class BlobHost implements AutoCloseable {
  /** Quick to repair and to forget. */
  static final ClusterSettings QUICK = new ClusterSettings(
      Duration.ofSeconds(10),
      Duration.ofSeconds(20),
      Duration.ofMillis(500),
      Duration.ofMillis(20),
      1L << 30,
      Duration.ofMillis(300),
      Duration.ofMillis(20),
      0);

  /** As usual, but nobody is slow enough for a second one to be asked beside it. */
  static final ClusterSettings PATIENT = new ClusterSettings(
      ClusterSettings.DEFAULT.callLimit(),
      ClusterSettings.DEFAULT.copiesLimit(),
      ClusterSettings.DEFAULT.hold(),
      Duration.ofMinutes(1),
      ClusterSettings.DEFAULT.repairBytesPerSecond(),
      ClusterSettings.DEFAULT.repairInterval(),
      ClusterSettings.DEFAULT.settle(),
      0);

  /** Quick to repair, but nobody waits for the next walk of its own accord. */
  static final ClusterSettings SELDOM = new ClusterSettings(
      Duration.ofSeconds(10),
      Duration.ofSeconds(20),
      Duration.ofMinutes(10),
      Duration.ofMillis(20),
      1L << 30,
      Duration.ofHours(1),
      Duration.ofMillis(10),
      0);

  final TestNode net = TestNode.create();
  final InMemoryBlobStore store = new InMemoryBlobStore();
  final FakeNodes view;
  final ClusterBlobs blobs;
  final BlockStore blocks;
  private final BlobThreads threads = new BlobThreads();

  private BlobHost(BlobCatalog catalog) {
    view = new FakeNodes(net.id(), List.of());
    CachedStore cached = () -> SegmentStore.open(
        Jimfs.newFileSystem(Configuration.unix()).getPath("/cached"),
        new InMemoryKvStore(SegmentStore.INDEX_TABLES),
        new SegmentOptions(1 << 20, 0, 1 << 20, 16),
        Runnable::run);
    blobs = new ClusterBlobs(
        new ClusterBlobs.Stores(store, cached, 16 << 20, Blocks.disk()),
        catalog,
        new ClusterBlobs.Peers(
            view, node -> new PeerBlobs(net.client(), node, QUICK.callLimit(), new SecureRandom())),
        threads.both(),
        QUICK,
        System::nanoTime);
    blocks = blobs.blockStore(Blocks.sealer(), Blocks.CALLER, new BlockStoreLimits(0, 16, 16, 16));
  }

  /** That many hosts that know each other. */
  static List<BlobHost> cluster(int count, BlobCatalog catalog) throws IOException {
    List<BlobHost> hosts = new ArrayList<>();
    List<BlobNode> nodes = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      BlobHost host = new BlobHost(catalog);
      Handlers.Builder handlers = Handlers.builder();
      host.blobs.register(handlers, host.net.executor());
      host.net.listen(handlers.build());
      hosts.add(host);
      nodes.add(new BlobNode(host.id(), 1, "", true, true, Duration.ZERO));
    }
    for (BlobHost host : hosts) {
      hosts.stream().filter(other -> other != host).forEach(other -> host.net.knows(other.net));
      host.view.set(nodes);
    }
    hosts.forEach(host -> host.blobs.start());
    return hosts;
  }

  NodeId id() {
    return net.id();
  }

  @Override
  public void close() {
    net.close();
    blobs.close();
    threads.close();
  }
}
