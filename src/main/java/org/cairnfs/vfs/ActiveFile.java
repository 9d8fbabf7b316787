package org.cairnfs.vfs;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Extent;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.MetaSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that is open or has writes which the metadata does not know yet.
 *
 * <p>What was written lies in layers over the extents that the metadata has. While there are any
 * ("pending"), this object knows the file's size and times better than the metadata does.
 * Thread-safe; {@link #lock} guards everything but {@link #handles}.
 *
 * <p>A {@linkplain #freeze cut} takes the layers as they are at one moment and {@linkplain #settle
 * settles} them once the metadata has them. In between ("in flight") reads and writes go on;
 * changes that do not commute with what is in flight (truncation, setting times) wait for it.
 */
final class ActiveFile {
  /**
   * How long a change may wait for a cut in flight before it fails; cuts are bounded by the write
   * buffers.
   */
  private static final long SETTLE_TIMEOUT_SECONDS = 60;

  private static final int PAGE_SIZE_BYTES = 4096;

  private static final Logger LOG = LoggerFactory.getLogger(ActiveFile.class);

  private final InodeNumber number;
  private final MetaSession session;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition settled = lock.newCondition();
  private final FileLayers layers;
  private boolean inFlight;
  private boolean pending;
  private long sizeBytes;
  private Timestamp modified = new Timestamp(0, 0);
  private Timestamp changed = new Timestamp(0, 0);
  private @Nullable PosixException writeError;

  private final WriteRun run = new WriteRun();

  /** Open handles; guarded by the map of {@link ActiveFiles}. */
  int handles;

  ActiveFile(
      InodeNumber number,
      MetaSession session,
      BlockStore blobs,
      BufferPool buffers,
      StrayBlobs strays) {
    this.number = number;
    this.session = session;
    this.layers = new FileLayers(lock, blobs, buffers, strays);
  }

  InodeNumber number() {
    return number;
  }

  /** Whether it knows something that the metadata does not. */
  boolean isPending() {
    lock.lock();
    try {
      return pending || inFlight;
    } finally {
      lock.unlock();
    }
  }

  /** The length as programs are to see it. */
  long sizeBytes() {
    lock.lock();
    try {
      return pending || inFlight ? sizeBytes : session.inode(number).sizeBytes();
    } finally {
      lock.unlock();
    }
  }

  /** The attributes as programs are to see them. */
  Inode attributes() {
    lock.lock();
    try {
      return overlay(session.inode(number));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes bytes into the write buffers.
   *
   * @return whether the file had nothing pending before, so that the committer must hear of it
   */
  boolean write(long offset, boolean append, ByteBuffer from, Timestamp now) {
    List<FileLayers.FullBlock> full = new ArrayList<>(1);
    boolean first;
    lock.lock();
    try {
      first = !pending;
      sizeBytes = sizeBytes();
      pending = true;
      long at = append ? sizeBytes : offset;
      run.begin(at);
      while (from.hasRemaining()) {
        int start = (int) (at % Limits.BLOCK_SIZE_BYTES);
        int length = Math.min(from.remaining(), Limits.BLOCK_SIZE_BYTES - start);
        ByteBuffer part = from.slice(from.position(), length);
        boolean completes = start + length == Limits.BLOCK_SIZE_BYTES && run.coversFrom(at - start);
        FileLayers.FullBlock filled =
            layers.write(at / Limits.BLOCK_SIZE_BYTES, start, part, completes);
        if (filled != null) {
          full.add(filled);
        }
        from.position(from.position() + length);
        at += length;
      }
      run.end(at);
      sizeBytes = Math.max(sizeBytes, at);
      modified = now;
      changed = now;
    } finally {
      lock.unlock();
    }
    full.forEach(layers::sealAhead);
    return first;
  }

  /**
   * A writer is done. If it wrote the file's last block in one go, and cuts made pieces of it, the
   * block is to be stored whole.
   *
   * @return whether the file had nothing pending before and now has
   */
  boolean completeTail() {
    lock.lock();
    try {
      if (run.isOver() || !run.isTailOf(sizeBytes())) {
        return false;
      }
      run.forget();
      long size = sizeBytes();
      long tail = size / Limits.BLOCK_SIZE_BYTES;
      if (!layers.complete(tail, session.extentCount(number, tail)) || pending) {
        return false;
      }
      Inode inode = attributes();
      sizeBytes = size;
      modified = inode.modified();
      changed = inode.changed();
      pending = true;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Reads {@code into.remaining()} bytes of one block through its layers; false, and nothing read,
   * if it has none.
   */
  boolean readLayered(long block, int offset, ByteBuffer into, BlockReader base) {
    lock.lock();
    try {
      Iterable<WriteLayer> over = layers.over(block);
      if (over == null) {
        return false;
      }
      int end = offset + into.remaining();
      base.read(session.extents(number, block, offset, end), offset, into.duplicate());
      for (WriteLayer layer : over) {
        if (layer.isReadFromStore()) {
          base.readCovered(layer.extents(), offset, end, into);
        } else {
          layer.copyPieces(offset, end, into);
        }
      }
      into.position(into.limit());
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Whether some of {@code [from, to)} was written and is not in the metadata yet. */
  boolean isLayered(long from, long to) {
    return holding(() -> layers.anyIn(from, to));
  }

  /**
   * Takes what other files have as well, behind all that it has.
   *
   * @param blocks extents by block from {@code offset} on; their blobs are pinned for it
   * @param end its new length
   * @return as {@link #write}
   * @throws PosixException EOPNOTSUPP if it has bytes at or behind {@code offset}
   */
  boolean append(SortedMap<Long, List<Extent>> blocks, long offset, long end, Timestamp now) {
    lock.lock();
    try {
      if (sizeBytes() > offset) {
        throw new PosixException(Errno.EOPNOTSUPP, "inode " + number + " has bytes there");
      }
      boolean first = !pending;
      pending = true;
      blocks.forEach(layers::add);
      sizeBytes = end;
      modified = now;
      changed = now;
      return first;
    } finally {
      lock.unlock();
    }
  }

  /** Does something while nobody can change the file. */
  boolean holding(BooleanSupplier action) {
    lock.lock();
    try {
      return action.getAsBoolean();
    } finally {
      lock.unlock();
    }
  }

  /** Sets attributes in the metadata, and here as far as they are kept here. */
  Inode setAttributes(AttributeChange change) {
    lock.lock();
    try {
      if (change.sizeBytes() != null || change.modified() != null) {
        awaitSettled();
      }
      Inode known = session.setAttributes(number, change); // what fails, fails here
      Long newSize = change.sizeBytes();
      if (newSize != null) {
        layers.cut(newSize, Limits.FILE_SIZE_MAX_BYTES);
        sizeBytes = newSize;
        modified = change.changed();
      }
      Timestamp newModified = change.modified();
      if (newModified != null) {
        modified = newModified;
      }
      changed = Timestamp.max(changed, change.changed());
      return overlay(known);
    } finally {
      lock.unlock();
    }
  }

  /** Makes a hole; at most {@link MetaSession#MAX_PUNCH_BLOCKS} blocks. */
  void punchHole(long offset, long length, Timestamp now) {
    lock.lock();
    try {
      awaitSettled();
      session.punchHole(number, offset, length, now); // what fails, fails here
      layers.cut(offset, offset + length);
      modified = now;
      changed = now;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes what is pending for a cut, or null if there is nothing. The caller holds the gate: nobody
   * writes meanwhile.
   */
  @Nullable
  FrozenFile freeze() {
    lock.lock();
    try {
      if (!pending) {
        return null;
      }
      pending = false;
      // Even without layers: a hole punched over what was written leaves its size and times.
      inFlight = true;
      return new FrozenFile(this, sizeBytes, modified, changed, layers.freeze());
    } finally {
      lock.unlock();
    }
  }

  /** A frozen layer is stored as these extents. */
  void store(WriteLayer layer, List<Extent> extents) {
    lock.lock();
    try {
      layer.store(extents);
    } finally {
      lock.unlock();
    }
  }

  /**
   * The disk lost blobs while they were synced. Layers whose bytes are still in memory are to be
   * stored again. Of the others the extents stay: reading them fails, as it should, until they are
   * overwritten; and the next write, fsync or close fails.
   *
   * @return whether there are layers to be stored again
   */
  boolean restore(FrozenFile frozen, Set<BlobId> lost) {
    lock.lock();
    try {
      long goneBytes = layers.restore(frozen.layers(), lost);
      if (goneBytes > 0) {
        writeError = new PosixException(
            Errno.EIO, goneBytes + " bytes of inode " + number + " could not be synced");
        LOG.error("The disk lost {} bytes written to inode {}", goneBytes, number);
      }
      return frozen.hasLayersToStore();
    } finally {
      lock.unlock();
    }
  }

  /** The cut is over: the metadata has the frozen layers, which go. */
  void settle(FrozenFile frozen) {
    lock.lock();
    try {
      inFlight = false;
      layers.drop(frozen.layers());
      settled.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The cut is over and does not have the frozen layers, which are for the next one.
   *
   * @param error if it is this file's: the next write, fsync or close reports it
   */
  void postpone(@Nullable PosixException error) {
    lock.lock();
    try {
      inFlight = false;
      pending = true;
      if (error != null) {
        writeError = error;
      }
      settled.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** What is pending can never be committed; the next write, fsync or close says so. */
  void lose() {
    lock.lock();
    try {
      layers.discard();
      pending = false;
      inFlight = false;
      run.forget();
      writeError = new PosixException(
          Errno.EIO, "what was written to inode " + number + " was lost with the session");
      settled.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Forgets everything pending that is not in flight: nobody can read the file any more. */
  void discard() {
    lock.lock();
    try {
      if (!inFlight) {
        layers.discard();
        pending = false;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Throws, once, the error of a write-back that failed. */
  void throwWriteError() {
    lock.lock();
    try {
      PosixException error = writeError;
      writeError = null;
      if (error != null) {
        throw error;
      }
    } finally {
      lock.unlock();
    }
  }

  private Inode overlay(Inode inode) {
    if (!pending && !inFlight) {
      return inode;
    }
    long sizeInPages = (sizeBytes + PAGE_SIZE_BYTES - 1) / PAGE_SIZE_BYTES * PAGE_SIZE_BYTES;
    return new Inode(
        inode.number(),
        inode.mode(),
        inode.uid(),
        inode.gid(),
        inode.links(),
        sizeBytes,
        Math.min(inode.allocatedBytes() + layers.lengthBytes(), sizeInPages),
        inode.device(),
        inode.accessed(),
        modified,
        Timestamp.max(changed, inode.changed()),
        inode.parent(),
        inode.symlinkTarget());
  }

  private void awaitSettled() {
    long nanos = TimeUnit.SECONDS.toNanos(SETTLE_TIMEOUT_SECONDS);
    try {
      while (inFlight) {
        if (nanos <= 0) {
          throw new PosixException(Errno.EIO, "writing back inode " + number + " takes too long");
        }
        nanos = settled.awaitNanos(nanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PosixException(
          Errno.EINTR, "interrupted while inode " + number + " is written back", e);
    }
  }
}
