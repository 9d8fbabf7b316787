package org.cairnfs.meta;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Errno;
import org.cairnfs.proto.DropGarbage;
import org.cairnfs.proto.ReclaimStep;

/**
 * Operations that nobody asked for by name: freeing what was let go, forgetting garbage. Never
 * speculated on.
 */
final class SpaceOps {
  /** Most rows one step may free. */
  static final int MAX_STEP_BLOCKS = 4096;

  /** Most maps, and most inodes, one step may finish with. */
  private static final int MAX_STEP_OBJECTS = 256;

  private final MetaView view;
  private final RemoveOps removal;
  private final StoredLedger ledger;

  SpaceOps(MetaView view, RemoveOps removal, StoredLedger ledger) {
    this.view = view;
    this.removal = removal;
    this.ledger = ledger;
  }

  /** Whether a step would find something to do. */
  static boolean anythingToReclaim(MetaReader reader) {
    List<byte[]> found = firstKeys(reader, MetaTable.RECLAIM, Keys.FIRST, Keys.LAST, 1);
    if (!found.isEmpty()) {
      return true;
    }
    boolean[] ended = new boolean[1];
    reader.scan(MetaTable.SESSION, Keys.FIRST, Keys.LAST, Integer.MAX_VALUE, (key, value) -> {
      ended[0] = SessionRecord.decode(value).ended();
      return !ended[0];
    });
    return ended[0];
  }

  MetaResult dropGarbage(DropGarbage op) {
    for (ByteString id : op.getBlobIdsList()) {
      if (id.size() != BlobId.SIZE_BYTES) {
        return MetaResult.failed(Errno.EINVAL);
      }
    }
    for (ByteString bytes : op.getBlobIdsList()) {
      BlobId id = BlobId.of(bytes.toByteArray());
      byte[] key = Keys.blob(id);
      byte[] value = view.get(MetaTable.BLOB, key);
      BlobRecord blob = value == null ? null : BlobRecord.decode(value);
      if (blob != null && blob.references() == 0) {
        view.delete(MetaTable.GARBAGE, Keys.garbage(blob.garbageSecond(), id));
        view.delete(MetaTable.BLOB, key);
      }
    }
    return MetaResult.DONE;
  }

  MetaResult reclaimStep(ReclaimStep op) {
    int budget = Math.min(Math.max(op.getMaxBlocks(), 1), MAX_STEP_BLOCKS);
    for (int maps = 0; maps < MAX_STEP_OBJECTS && budget > 0; maps++) {
      List<byte[]> first = firstKeys(view, MetaTable.RECLAIM, Keys.FIRST, Keys.LAST, 1);
      if (first.isEmpty()) {
        endSessions();
        break;
      }
      budget -= reclaimMap(first.get(0), budget);
    }
    return MetaResult.DONE;
  }

  /** Frees up to {@code max} blocks of a map; returns how many it looked for. */
  private int reclaimMap(byte[] mapKey, int max) {
    long map = Keys.firstNumber(mapKey);
    List<MappedBlock> blocks = new ArrayList<>();
    view.scan(
        MetaTable.EXTENT,
        mapKey,
        Keys.endOf(map),
        max,
        (key, value) -> blocks.add(new MappedBlock(key, ExtentList.decode(value))));
    for (MappedBlock block : blocks) {
      ledger.free(block);
    }
    if (blocks.size() < max) {
      view.delete(MetaTable.RECLAIM, mapKey);
    }
    return Math.max(1, blocks.size());
  }

  /** Frees inodes that ended sessions kept, and forgets sessions that kept no more. */
  private void endSessions() {
    List<byte[]> ended = new ArrayList<>();
    view.scan(MetaTable.SESSION, Keys.FIRST, Keys.LAST, Integer.MAX_VALUE, (key, value) -> {
      if (SessionRecord.decode(value).ended()) {
        ended.add(key);
      }
      return ended.size() < MAX_STEP_OBJECTS;
    });
    int left = MAX_STEP_OBJECTS;
    for (byte[] sessionKey : ended) {
      long session = Keys.firstNumber(sessionKey);
      List<byte[]> orphans =
          firstKeys(view, MetaTable.ORPHAN, sessionKey, Keys.endOf(session), left);
      for (byte[] orphan : orphans) {
        removal.forget(session, Keys.secondNumber(orphan));
      }
      if (orphans.size() < left) {
        view.delete(MetaTable.SESSION, sessionKey);
      }
      left -= orphans.size();
      if (left == 0) {
        return;
      }
    }
  }

  static List<byte[]> firstKeys(
      MetaReader reader, MetaTable table, byte[] from, byte[] end, int max) {
    List<byte[]> keys = new ArrayList<>();
    reader.scan(table, from, end, max, (key, value) -> keys.add(key));
    return keys;
  }
}
