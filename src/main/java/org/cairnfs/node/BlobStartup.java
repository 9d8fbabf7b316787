package org.cairnfs.node;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.concurrent.ExecutorService;
import java.util.function.Supplier;
import org.cairnfs.blob.BlobPeers;
import org.cairnfs.blob.ClusterBlobs;
import org.cairnfs.blob.ClusterSettings;
import org.cairnfs.blob.PeerBlobs;
import org.cairnfs.crypto.Primitives;
import org.cairnfs.node.cluster.Cluster;
import org.cairnfs.node.cluster.MetaCatalog;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Upkeep;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;

/** The part of {@link Startup} that keeps blobs, here and elsewhere. For one thread. */
final class BlobStartup {
  private static final int STORE_THREADS = 2;
  private static final int TRANSFER_THREADS = 12;

  /** Of the disk, what blobs may take that were fetched for reading. */
  private static final int CACHED_DIVISOR = 10;

  private static final long CACHED_MAX_BYTES = 16L << 30;

  private final Home home;
  private final Resources resources;
  private final FileStore disk;
  private final long diskBytes;
  private final ExecutorService storing;

  /** As fast at the first blob as ever: the scrub begins when programs do. */
  private final Supplier<MessageDigest> digests = Primitives.fastest()::sha256;

  private BlobStartup(Home home, Resources resources, FileStore disk) throws IOException {
    this.home = home;
    this.resources = resources;
    this.disk = disk;
    this.diskBytes = disk.getTotalSpace();
    this.storing = resources.pool("store", STORE_THREADS);
  }

  /** Looks at the disk; opens nothing yet. */
  static BlobStartup prepare(Home home, Resources resources) throws OperatorException {
    try {
      return new BlobStartup(home, resources, Files.getFileStore(home.segments()));
    } catch (IOException e) {
      throw DiskFailures.explain("cannot ask for the space on the disk of " + home.segments(), e);
    }
  }

  /** The disk that has the blobs. */
  FileStore disk() {
    return disk;
  }

  long diskBytes() {
    return diskBytes;
  }

  /** Opens the blobs that are here. */
  SegmentStore segments() throws OperatorException {
    try {
      return resources.add(SegmentStore.open(
          home.segments(), home.index(), SegmentOptions.forDisk(diskBytes).with(digests), storing));
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
        SegmentOptions.forCache(maxBytes).with(digests),
        storing);
  }

  /** Those and the other nodes' together; begins nothing by itself yet. */
  ClusterBlobs clusterBlobs(
      SegmentStore segments, MetaCatalog catalog, Cluster cluster, Upkeep upkeep) {
    long cachedMaxBytes = Math.min(diskBytes / CACHED_DIVISOR, CACHED_MAX_BYTES);
    ClusterSettings settings = ClusterSettings.DEFAULT.withRates(
        upkeep.repairBytesPerSecond(), upkeep.scrubBytesPerSecond());
    SecureRandom random = new SecureRandom();
    BlobPeers peers =
        node -> new PeerBlobs(cluster.network().client(), node, settings.callLimit(), random);
    return resources.add(new ClusterBlobs(
        new ClusterBlobs.Stores(segments, () -> cached(cachedMaxBytes), cachedMaxBytes, disk),
        catalog,
        new ClusterBlobs.Peers(cluster.blobNodes(), peers),
        new ClusterBlobs.Threads(
            resources.timer("blobs", 1), resources.pool("transfer", TRANSFER_THREADS)),
        settings,
        System::nanoTime));
  }
}
