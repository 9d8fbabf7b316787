package org.cairnfs.meta;

import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.MetaReply;
import org.cairnfs.proto.OpReply;
import org.jspecify.annotations.Nullable;

/**
 * The changing half of a session: applies operations to the overlay before they are committed, and
 * collects them in batches.
 *
 * <p>Thread-safe; changes are serialised.
 */
final class Speculation {
  private final long session;
  private final Overlay overlay;

  /** Guards every field down to {@link #later}. */
  private final ReentrantLock lock = new ReentrantLock();

  private final InodeNumbers numbers = new InodeNumbers(0, 0);
  private final UsageLedger ledger = new UsageLedger();
  private final BufferedView staged;
  private final MetaMachine machine;
  private Batch open = new Batch(1);

  /** Number of the last batch whose file updates are in, or that was taken back. */
  private long updatedTo;

  private final LaterChanges later = new LaterChanges();

  private final AtomicLong pendingLogicalBytes = new AtomicLong();
  private final AtomicLong pendingInodes = new AtomicLong();

  Speculation(long session, Overlay overlay) {
    this.session = session;
    this.overlay = overlay;
    this.staged = new BufferedView(overlay);
    this.machine = MetaMachine.speculative(staged, ledger);
  }

  /**
   * Applies an operation in advance and adds it to the open batch, or throws and leaves everything
   * as it was.
   */
  MetaResult.Done change(MetaOp op) {
    lock.lock();
    try {
      return changeLocked(op, open::add);
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #change}, of what no program asked for. */
  MetaResult.Done upkeep(MetaOp op) {
    lock.lock();
    try {
      return changeLocked(op, open::addUpkeep);
    } finally {
      lock.unlock();
    }
  }

  private MetaResult.Done changeLocked(MetaOp op, Consumer<MetaOp> add) {
    MetaResult.Done done = speculate(op, open);
    if (!staged.changes().isEmpty()) {
      overlay.publish(staged.changes(), open);
      add.accept(op);
      if (isCutUnderWay()) {
        later.record(open.number(), op);
      }
      staged.clear();
    }
    return done;
  }

  MetaResult.Done create(InodeNumber parent, Bytes sealedName, NewInode inode) {
    lock.lock();
    try {
      if (numbers.shouldAsk()) {
        open.addUpkeep(Ops.allocateInodes(InodeNumbers.RANGE));
      }
      return changeLocked(Ops.create(numbers.next(), parent, sealedName, inode), open::add);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sets attributes; emptying a file leaves its extents to be reclaimed if there are many, or may
   * be.
   *
   * <p>Which of the two is decided here and written into the operation: updates of a cut under way
   * come before it in the log, so applying it could see more blocks than there are here, and both
   * must come to the same extent map.
   */
  MetaResult.Done setAttributes(InodeNumber inode, AttributeChange change, SessionReads reads) {
    lock.lock();
    try {
      Long size = change.sizeBytes();
      boolean detach = size != null
          && size == 0
          && (isCutUnderWay()
              || reads.record(inode).mappedBlocks > StoredLedger.FREE_AT_ONCE_BLOCKS);
      return changeLocked(Ops.setAttributes(inode, change, detach ? numbers.next() : 0), open::add);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Adds upkeep that nothing visible depends on, to be applied for good only.
   *
   * @param note told the batch, before that can be cut
   */
  void addUnseen(MetaOp op, Consumer<Batch> note) {
    lock.lock();
    try {
      open.addUpkeep(op);
      note.accept(open);
    } finally {
      lock.unlock();
    }
  }

  /** Whether there are cuts whose file updates are still to come. */
  private boolean isCutUnderWay() {
    return open.number() - updatedTo > 1;
  }

  /** Leaves the changes in {@link #staged}. */
  private MetaResult.Done speculate(MetaOp op, Batch batch) {
    staged.clear();
    ledger.clear();
    MetaResult result;
    try {
      result = machine.apply(session, op);
    } catch (UncheckedIOException | CorruptMetadataException e) {
      staged.clear();
      throw SessionReads.unreadable(e);
    }
    if (result instanceof MetaResult.Done done) {
      batch.usage().add(ledger.allocatedBytes(), ledger.inodes());
      pendingLogicalBytes.addAndGet(ledger.allocatedBytes());
      pendingInodes.addAndGet(ledger.inodes());
      return done;
    }
    Errno errno = result instanceof MetaResult.Failed failed ? failed.errno() : Errno.EIO;
    throw new PosixException(errno, op.getKindCase().name());
  }

  /** Ends the open batch and begins the next. */
  Batch cut() {
    lock.lock();
    try {
      Batch batch = open;
      open = new Batch(batch.number() + 1);
      return batch;
    } finally {
      lock.unlock();
    }
  }

  /** A cut is not to be: its batch becomes the beginning of the open one. */
  void takeBack(Batch batch) {
    lock.lock();
    try {
      if (batch.number() != updatedTo + 1 || open.number() != batch.number() + 1) {
        throw new IllegalStateException(
            "cut " + batch.number() + " taken back after cut " + updatedTo);
      }
      open.prepend(batch);
      updatedTo = batch.number();
      later.forgetUpTo(updatedTo);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Adds the file updates of a cut to its batch and to what is visible. Batches come in order, each
   * once.
   *
   * @throws PosixException if one of the updates cannot be; then the cut must not be committed
   */
  void update(Batch batch, List<FileUpdate> updates) {
    lock.lock();
    try {
      if (batch.number() != updatedTo + 1) {
        throw new IllegalStateException(
            "cut " + batch.number() + " committed after cut " + updatedTo);
      }
      updatedTo = batch.number();
      for (FileUpdate update : updates) {
        update(batch, update);
      }
      later.forgetUpTo(updatedTo);
    } finally {
      lock.unlock();
    }
  }

  private void update(Batch batch, FileUpdate update) {
    boolean contested = later.concern(update.inode().value(), batch.number());
    FileUpdate visible = contested ? later.without(update, batch.number()) : update;
    MetaOp visibleOp = Ops.updateFile(visible);
    MetaResult.Done done = speculate(visibleOp, batch);
    InodeRecord inode = done.inode();
    if (contested && inode != null) {
      // What applying this cut will put into these rows is not what the later changes leave there.
      for (long block : update.extents().keySet()) {
        byte[] key = Keys.pair(inode.map, block);
        byte[] value = staged.get(MetaTable.EXTENT, key);
        if (value == null) {
          staged.delete(MetaTable.EXTENT, key);
        } else {
          staged.put(MetaTable.EXTENT, key, value);
        }
      }
    }
    batch.add(contested ? Ops.updateFile(update) : visibleOp);
    overlay.publish(staged.changes(), contested ? open : batch);
    staged.clear();
  }

  /** A batch is in the committed tables: what it put into the overlay is found there now. */
  void applied(Batch batch, @Nullable MetaReply reply) {
    overlay.drop(batch);
    pendingLogicalBytes.addAndGet(-batch.usage().logicalBytes());
    pendingInodes.addAndGet(-batch.usage().inodes());
    if (batch.ops().stream().anyMatch(MetaOp::hasAllocateInodes)) {
      offerNumbers(reply);
    }
  }

  /**
   * Takes the inode numbers that the log reserved.
   *
   * @param reply null if what it reserved was not heard
   * @return whether there were any
   */
  boolean offerNumbers(@Nullable MetaReply reply) {
    lock.lock();
    try {
      numbers.refused();
      boolean offered = false;
      for (OpReply answer : reply == null ? List.<OpReply>of() : reply.getRepliesList()) {
        if (answer.getRangeCount() > 0) {
          numbers.offer(answer.getRangeFirst(), answer.getRangeCount());
          offered = true;
        }
      }
      return offered;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the open batch changes inodes of the ranges. */
  boolean hasChanges(List<LeaseRange> ranges) {
    lock.lock();
    try {
      return ranges.stream().anyMatch(range -> overlay.hasChanges(range, open));
    } finally {
      lock.unlock();
    }
  }

  /** Inodes that are to be made here. */
  List<LeaseRange> reserved() {
    lock.lock();
    try {
      return numbers.reserved();
    } finally {
      lock.unlock();
    }
  }

  /** What is committed, and what is not yet. */
  Usage usage(Usage committed) {
    return new Usage(
        committed.logicalBytes() + pendingLogicalBytes.get(),
        committed.inodes() + pendingInodes.get(),
        committed.blobs(),
        committed.blobBytes());
  }

  long pendingBytes() {
    lock.lock();
    try {
      return open.bytes();
    } finally {
      lock.unlock();
    }
  }

  /** Whether a change that a program made is in no cut yet. */
  boolean isOwed() {
    lock.lock();
    try {
      return open.isOwed();
    } finally {
      lock.unlock();
    }
  }

  int pendingOperations() {
    lock.lock();
    try {
      return open.ops().size();
    } finally {
      lock.unlock();
    }
  }
}
