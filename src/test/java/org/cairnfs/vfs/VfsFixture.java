package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.cairnfs.PausableTimer;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.blob.BlockStoreLimits;
import org.cairnfs.blob.ClusterBlobs;
import org.cairnfs.blob.LoneBlobs;
import org.cairnfs.core.BlobId;
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
import org.cairnfs.store.Journal;
import org.cairnfs.store.SegmentOptions;
import org.cairnfs.store.SegmentStore;
import org.cairnfs.store.SimulatedDisk;
import org.jspecify.annotations.Nullable;

/**
 * A filesystem whose disk is in memory, with all its real layers but Raft and RocksDB. The segments
 * may lie on a disk that fails and loses power.
 */
final class VfsFixture implements AutoCloseable {
  private static final long DISK_BYTES = 1L << 30;

  /** Small, so that its areas change places often. */
  private static final int JOURNAL_AREA_BYTES = 24 << 10;

  private final FileSystem disk = Jimfs.newFileSystem(
      Configuration.unix().toBuilder().setMaxSize(DISK_BYTES).build());
  private final Path segments = disk.getPath("/disk/segments");
  private final VolumeKeys keys = VolumeKeys.derive(MasterKey.of(new byte[MasterKey.SIZE_BYTES]));
  private final ExecutorService sealing = Executors.newFixedThreadPool(2);
  private MetaStore metaStore = newMetaStore();
  private DirectMetaLog log;
  private final Random sessionIds = new Random(7);
  private final ShiftedClock clock = new ShiftedClock();
  private @Nullable Running running;

  private record Running(
      LocalVfs vfs,
      LocalMetaSession session,
      SegmentStore store,
      ClusterBlobs blobs,
      DroppedBlobs listener,
      PausableTimer timer,
      @Nullable Journal journal) {}

  private @Nullable SimulatedDisk failing;
  private final boolean journaling;

  VfsFixture() throws IOException {
    this(null, false);
  }

  /** @param journaling whether fsync uses a journal on that disk */
  VfsFixture(@Nullable SimulatedDisk failing, boolean journaling) throws IOException {
    this.failing = failing;
    this.journaling = journaling;
    Files.createDirectories(segments);
    log = newLog(List.of());
    start();
  }

  LocalVfs vfs() {
    return running().vfs;
  }

  /** What happens by the clock, cuts above all, until the next restart or power cut. */
  PausableTimer timer() {
    return running().timer;
  }

  LocalMetaSession session() {
    return running().session;
  }

  /** Until the next restart or power cut. */
  DirectMetaLog log() {
    return log;
  }

  /** What fsync uses, until the next restart or power cut. */
  Journal journal() {
    return Objects.requireNonNull(running().journal);
  }

  /** The clock of the filesystem. */
  ShiftedClock clock() {
    return clock;
  }

  /** Closes everything down cleanly and opens it again from what the disk holds. */
  void restart() throws IOException {
    stop();
    start();
  }

  /**
   * The power fails: the disk keeps what was synced and any of the rest. Opens everything again on
   * what it kept. Programs must be done.
   */
  void powerCut(Random random) throws IOException, InterruptedException {
    Running last = running();
    SimulatedDisk kept = Objects.requireNonNull(failing).powerCut(random);
    last.timer.shutdownNow();
    assertThat(last.timer.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    last.session.close(); // the log does not hear of it
    failing = kept;
    metaStore = newMetaStore();
    log = newLog(log.entries());
    start();
  }

  SimulatedDisk failingDisk() {
    return Objects.requireNonNull(failing);
  }

  /** Every blob in the store is referenced, and the garbage of the past is gone, before long. */
  void assertBlobsMatchMetadata() {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> assertThat(running().store.stats().blobs())
            .isEqualTo(running().session.usage().blobs()));
  }

  /** Has {@code listener} told of the blobs that an entry of the log drops. */
  void onDropped(Consumer<List<BlobId>> listener) {
    metaStore.addListener(new DroppedBlobs(listener, () -> {}));
  }

  /** Stores blobs that no file refers to, as a crash between store and commit does. */
  List<BlobId> leakBlobs(int count) throws IOException {
    byte[] bytes = {1, 2, 3};
    List<BlobId> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      BlobId id = new BlobId(1, 2, 3, i);
      running().store.append(id, ByteBuffer.wrap(bytes));
      ids.add(id);
    }
    running().store.sync();
    return ids;
  }

  long storedBlobs() {
    return running().store.stats().blobs();
  }

  @Override
  public void close() throws IOException {
    stop();
    sealing.shutdownNow();
    disk.close();
  }

  private Running running() {
    return Objects.requireNonNull(running);
  }

  private void start() throws IOException {
    InMemoryKvStore index =
        new InMemoryKvStore(SegmentStore.INDEX_TABLES); // made anew from the segments
    SegmentOptions options = new SegmentOptions(8 << 20, 0, 32 << 20, 16);
    SimulatedDisk simulated = failing;
    SegmentStore store = simulated == null
        ? SegmentStore.open(segments, index, options, sealing)
        : simulated.openStore(index, options, sealing);
    FileStore space = Files.getFileStore(segments);
    PausableTimer timer = new PausableTimer();
    ClusterBlobs blobs = LoneBlobs.over(store, space, new StoresCatalog(List.of(metaStore)), timer);
    BlockStore blocks =
        blobs.blockStore(new BlockSealer(keys), sealing, new BlockStoreLimits(8 << 20, 64, 8, 4));
    SessionSettings settings = new SessionSettings(
        new NodeId(1, 2, 3, 4),
        new Bytes(new byte[16]),
        0755,
        0,
        0,
        Clock.systemUTC(),
        System::nanoTime,
        sessionIds);
    Journal journal = null;
    if (journaling) {
      journal = Objects.requireNonNull(simulated).openJournal(JOURNAL_AREA_BYTES);
      new JournalReplay(metaStore, log, store).run(journal);
    }
    LocalMetaSession session = LocalMetaSession.open(metaStore, log, settings);
    LocalVfs vfs =
        new LocalVfs(session, blocks, new NameSealer(keys), clock.both(), timer, journal);
    DroppedBlobs listener = new DroppedBlobs(blobs::dropped, blobs::reloaded);
    metaStore.addListener(listener);
    blobs.start();
    running = new Running(vfs, session, store, blobs, listener, timer, journal);
  }

  private static MetaStore newMetaStore() {
    return new MetaStore(new InMemoryKvStore(MetaStore.tableNames()));
  }

  private DirectMetaLog newLog(List<byte[]> entries) {
    SimulatedDisk simulated = failing;
    return new DirectMetaLog(metaStore, entries, () -> simulated != null && simulated.isOff());
  }

  private void stop() throws IOException {
    Running last = running();
    last.vfs.close();
    metaStore.removeListener(last.listener);
    last.blobs.close();
    last.timer.shutdownNow();
    last.session.close();
    last.store.close();
  }
}
