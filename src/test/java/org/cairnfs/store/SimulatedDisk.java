package org.cairnfs.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import org.cairnfs.kv.KvStore;
import org.jspecify.annotations.Nullable;

/**
 * Segment files on a disk that can lose power, tear writes, fill up and fail. Thread-safe.
 *
 * <p>What was written and not forced is in a cache. A power cut keeps any mixture of its sectors.
 */
public final class SimulatedDisk implements SegmentFiles {
  private static final int SECTOR_BYTES = 512;

  /** Guarded by this, as is everything else. */
  private final Map<Long, Content> files = new TreeMap<>();

  private Content journal = new Content(new byte[0]);

  private long capacityBytes = 1L << 40;
  private long stepsLeft = Long.MAX_VALUE;
  private boolean off;
  private int forcesToFail;
  private int forces;
  private long writtenBytes;
  private @Nullable Semaphore forceGate;

  /** A file as programs see it and as the disk has it. */
  private static final class Content {
    byte[] cached;
    byte[] durable;

    Content(byte[] bytes) {
      cached = bytes;
      durable = bytes;
    }
  }

  /** A store in these files. */
  public SegmentStore openStore(KvStore index, SegmentOptions options, Executor background)
      throws IOException {
    return SegmentStore.open(this, index, options, background);
  }

  /** A journal on this disk, beside the segments. */
  public synchronized Journal openJournal(int areaBytes) throws IOException {
    return Journal.open(new OpenFile(journal), areaBytes);
  }

  /** The disk after a power cut; this one gives errors only. */
  public synchronized SimulatedDisk powerCut(Random random) {
    off = true;
    var after = new SimulatedDisk();
    files.forEach((number, content) -> after.files.put(number, tear(content, random)));
    after.journal = tear(journal, random);
    return after;
  }

  /** The disk after the process was killed: nothing that was written is lost. */
  public synchronized SimulatedDisk kill() {
    off = true;
    var after = new SimulatedDisk();
    files.forEach((number, content) -> after.files.put(number, kept(content)));
    after.journal = kept(journal);
    return after;
  }

  private static Content kept(Content content) {
    Content kept = new Content(content.cached);
    kept.durable = content.durable;
    return kept;
  }

  private static Content tear(Content content, Random random) {
    int choice = random.nextInt(4);
    if (choice == 0) {
      return new Content(content.durable);
    }
    if (choice == 1) {
      return new Content(content.cached);
    }
    int shorter = Math.min(content.durable.length, content.cached.length);
    int longer = Math.max(content.durable.length, content.cached.length);
    byte[] mixed = new byte[shorter + random.nextInt(longer - shorter + 1)];
    for (int start = 0; start < mixed.length; start += SECTOR_BYTES) {
      byte[] from = random.nextBoolean() ? content.cached : content.durable;
      int end = Math.min(Math.min(start + SECTOR_BYTES, mixed.length), from.length);
      if (start < end) {
        System.arraycopy(from, start, mixed, start, end - start);
      }
    }
    return new Content(mixed);
  }

  /** After so many more changes the power goes off, in the middle of the next one. */
  public synchronized void powerOffAfter(long steps) {
    stepsLeft = steps;
  }

  public synchronized boolean isOff() {
    return off;
  }

  public synchronized void failForces(boolean fail) {
    forcesToFail = fail ? Integer.MAX_VALUE : 0;
  }

  /** The next forces fail. */
  public synchronized void failForces(int count) {
    forcesToFail = count;
  }

  /** How many forces have begun. */
  public synchronized int forces() {
    return forces;
  }

  /** What was written so far, written again or not. */
  synchronized long writtenBytes() {
    return writtenBytes;
  }

  /** From now on each force takes a permit first. */
  synchronized void gateForces(Semaphore gate) {
    forceGate = gate;
  }

  synchronized void capacityBytes(long bytes) {
    capacityBytes = bytes;
  }

  /** The bytes of a file as programs see it. */
  synchronized byte[] bytes(long segment) {
    return content(segment).cached.clone();
  }

  /** Replaces the bytes of a file, as bad hardware would. */
  synchronized void corrupt(long segment, byte[] bytes) {
    files.put(segment, new Content(bytes.clone()));
  }

  private Content content(long segment) {
    Content content = files.get(segment);
    if (content == null) {
      throw new IllegalStateException("no segment " + segment);
    }
    return content;
  }

  private void requirePower() throws IOException {
    if (off) {
      throw new IOException("the power is off");
    }
  }

  /** Counts a change; returns whether the power goes off in the middle of it. */
  private boolean step() throws IOException {
    requirePower();
    off = stepsLeft-- == 0;
    return off;
  }

  private long usedBytes() {
    return files.values().stream().mapToLong(content -> content.cached.length).sum();
  }

  @Override
  public synchronized List<Long> list() throws IOException {
    requirePower();
    return List.copyOf(files.keySet());
  }

  @Override
  public synchronized SegmentFile create(long segment) throws IOException {
    boolean lastStep = step();
    if (files.containsKey(segment)) {
      throw new IOException("segment " + segment + " exists");
    }
    files.put(segment, new Content(new byte[0]));
    if (lastStep) {
      requirePower();
    }
    return new OpenFile(content(segment));
  }

  @Override
  public synchronized SegmentFile open(long segment) throws IOException {
    requirePower();
    return new OpenFile(content(segment));
  }

  @Override
  public synchronized void delete(long segment) throws IOException {
    boolean lastStep = step();
    if (!lastStep || segment % 2 == 0) {
      files.remove(segment);
    }
    requirePower();
  }

  @Override
  public synchronized long usableBytes() {
    return Math.max(0, capacityBytes - usedBytes());
  }

  @Override
  public synchronized long totalBytes() {
    return capacityBytes;
  }

  private final class OpenFile implements SegmentFile {
    private final Content content;

    OpenFile(Content content) {
      this.content = content;
    }

    @Override
    public long sizeBytes() {
      synchronized (SimulatedDisk.this) {
        return content.cached.length;
      }
    }

    @Override
    public int read(ByteBuffer into, long offset) throws IOException {
      synchronized (SimulatedDisk.this) {
        requirePower();
        if (offset >= content.cached.length) {
          return -1;
        }
        int count = (int) Math.min(into.remaining(), content.cached.length - offset);
        into.put(content.cached, (int) offset, count);
        return count;
      }
    }

    @Override
    public void write(ByteBuffer from, long offset) throws IOException {
      synchronized (SimulatedDisk.this) {
        int wanted = from.remaining();
        int count = step() ? wanted / 2 : wanted;
        long size = Math.max(content.cached.length, offset + count);
        long spare = capacityBytes - usedBytes();
        boolean full = size - content.cached.length > spare;
        if (full) {
          size = content.cached.length + spare;
          count = (int) Math.max(0, size - offset);
        }
        writtenBytes += count;
        byte[] changed = Arrays.copyOf(content.cached, (int) size);
        from.get(changed, (int) offset, count);
        content.cached = changed;
        requirePower();
        if (full) {
          throw new IOException("No space left on device");
        }
      }
    }

    @Override
    public void truncate(long sizeBytes) throws IOException {
      synchronized (SimulatedDisk.this) {
        boolean lastStep = step();
        if (!lastStep && sizeBytes < content.cached.length) {
          content.cached = Arrays.copyOf(content.cached, (int) sizeBytes);
        }
        requirePower();
      }
    }

    @Override
    public void force() throws IOException {
      Semaphore gate;
      byte[] covered;
      synchronized (SimulatedDisk.this) {
        forces++;
        boolean lastStep = step();
        if (lastStep) {
          requirePower();
        }
        covered = content.cached;
        gate = forceGate;
      }
      if (gate != null) {
        gate.acquireUninterruptibly();
      }
      synchronized (SimulatedDisk.this) {
        if (forcesToFail > 0) {
          forcesToFail--;
          throw new IOException("Input/output error");
        }
        content.durable = covered;
      }
    }

    @Override
    public void close() {}
  }
}
