package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.BlobId;
import org.cairnfs.proto.MetaOp;

/**
 * The operations of a session between two cuts. Guarded by the session's lock until it is proposed.
 */
final class Batch {
  /** A key of the overlay whose value depends on this batch, and perhaps on later ones too. */
  record Touched(MetaTable table, byte[] key) {}

  /** What an op costs beside its own bytes: tag and length in the entry. */
  private static final int OP_OVERHEAD_BYTES = 6;

  private final long number;
  private long first;
  private final List<MetaOp> ops = new ArrayList<>();
  private final List<Touched> touched = new ArrayList<>();
  private final List<BlobId> dropped = new ArrayList<>();
  private final UsageSum usage = new UsageSum();
  private long bytes;
  private boolean owed;

  Batch(long number) {
    this.number = number;
    this.first = number;
  }

  /** Counts the session's batches from 1. */
  long number() {
    return number;
  }

  /** The number of the earliest batch whose changes are in this one. */
  long first() {
    return first;
  }

  /** Adds what a program was told that it is done. */
  void add(MetaOp op) {
    addUpkeep(op);
    owed = true;
  }

  /** Adds what nobody asked for and nobody misses: what is lost of it is done again. */
  void addUpkeep(MetaOp op) {
    ops.add(op);
    bytes += op.getSerializedSize() + OP_OVERHEAD_BYTES;
  }

  /** Whether there is more in it than upkeep. */
  boolean isOwed() {
    return owed;
  }

  /** What an earlier batch holds comes before what this one does. */
  void prepend(Batch earlier) {
    first = earlier.first;
    ops.addAll(0, earlier.ops);
    touched.addAll(earlier.touched);
    dropped.addAll(earlier.dropped);
    usage.add(earlier.usage.logicalBytes(), earlier.usage.inodes());
    bytes += earlier.bytes;
    owed |= earlier.owed;
  }

  void touch(MetaTable table, byte[] key) {
    touched.add(new Touched(table, key));
  }

  List<MetaOp> ops() {
    return ops;
  }

  List<Touched> touched() {
    return touched;
  }

  /** Blobs whose garbage records it deletes. */
  List<BlobId> dropped() {
    return dropped;
  }

  /** What it adds to the volume's usage, as far as speculation tells. */
  UsageSum usage() {
    return usage;
  }

  /** Size of the entry to be, approximately. */
  long bytes() {
    return bytes;
  }
}
