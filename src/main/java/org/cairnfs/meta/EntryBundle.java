package org.cairnfs.meta;

import java.io.ByteArrayOutputStream;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaReply;
import org.cairnfs.proto.OpReply;

/**
 * Entries of a session that go into the log as one, with all their operations and numbers: the log
 * has its work with each entry, however little is in it.
 *
 * <p>Not thread-safe.
 */
final class EntryBundle {
  private static final int MAX_BYTES = 1 << 20;

  private final ByteArrayOutputStream entries = new ByteArrayOutputStream();
  private long first;
  private boolean several;

  /** The number of the first of the entries that one brings. */
  static long firstNumber(MetaEntry entry) {
    return entry.getFirstCut() == 0 ? entry.getCut() : entry.getFirstCut();
  }

  /** Whether another entry may be added; a first one always may. */
  boolean hasRoom(byte[] entry) {
    return first == 0 || entries.size() + entry.length <= MAX_BYTES;
  }

  /** Adds the entry with the next number. */
  void add(long number, byte[] entry) {
    if (first == 0) {
      first = number;
    } else {
      several = true;
    }
    entries.writeBytes(entry);
  }

  /** The one entry that is all of them. */
  byte[] toEntry() {
    if (!several) {
      return entries.toByteArray();
    }
    // Messages one after the other are one message to protobuf: lists are joined, and of what there
    // is one of the last counts.
    ByteArrayOutputStream all = new ByteArrayOutputStream(entries.size() + Long.BYTES);
    all.writeBytes(entries.toByteArray());
    all.writeBytes(MetaEntry.newBuilder().setFirstCut(first).build().toByteArray());
    return all.toByteArray();
  }

  /** What a reply says of some of the operations, counted from the first of them. */
  static MetaReply part(MetaReply reply, int firstOp, int ops) {
    MetaReply.Builder part = MetaReply.newBuilder().setOutcome(reply.getOutcome());
    for (OpReply answer : reply.getRepliesList()) {
      int op = answer.getOp() - firstOp;
      if (op >= 0 && op < ops) {
        part.addReplies(answer.toBuilder().setOp(op));
      }
    }
    return part.build();
  }
}
