package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.cairnfs.core.Extent;
import org.cairnfs.core.Extents;
import org.cairnfs.core.Limits;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.SetAttributes;

/**
 * Remembers truncations, holes and set times made after a cut whose file updates are not in yet.
 *
 * <p>In the log, the updates of a cut come before the operations that follow the cut. Speculation
 * meets them the other way round: the operations were applied when they were made, the updates
 * arrive once their data is stored. Nearly everything commutes. What does not is taken out of the
 * update before it is speculated on (only there: the log gets it whole), so that both orders lead
 * to the same file.
 *
 * <p>Guarded by the session's lock.
 */
final class LaterChanges {
  private sealed interface Later {
    long batch();
  }

  private record Resized(long batch, long sizeBytes) implements Later {}

  private record Punched(long batch, long from, long to) implements Later {}

  private record Timed(long batch) implements Later {}

  private final Map<Long, List<Later>> byInode = new HashMap<>();

  /** An operation of {@code batch} took place while an earlier batch waits for its updates. */
  void record(long batch, MetaOp op) {
    switch (op.getKindCase()) {
      case SET_ATTRIBUTES -> {
        SetAttributes set = op.getSetAttributes();
        if (set.hasSizeBytes()) {
          add(set.getInode(), new Resized(batch, set.getSizeBytes()));
        }
        if (set.hasSizeBytes() || set.hasModified()) {
          add(set.getInode(), new Timed(batch));
        }
      }
      case PUNCH_HOLE -> {
        long from = op.getPunchHole().getOffset();
        add(
            op.getPunchHole().getInode(),
            new Punched(batch, from, from + op.getPunchHole().getLength()));
        add(op.getPunchHole().getInode(), new Timed(batch));
      }
      default -> {
        // Everything else gives the same before and after an update.
      }
    }
  }

  private void add(long inode, Later later) {
    byInode.computeIfAbsent(inode, key -> new ArrayList<>()).add(later);
  }

  /** Forgets what no update of a batch after {@code batch} can meet. */
  void forgetUpTo(long batch) {
    byInode.values().removeIf(laters -> {
      laters.removeIf(later -> later.batch() <= batch + 1);
      return laters.isEmpty();
    });
  }

  /** Whether anything after {@code batch} stands against an update of the inode. */
  boolean concern(long inode, long batch) {
    List<Later> laters = byInode.get(inode);
    return laters != null && laters.stream().anyMatch(later -> later.batch() > batch);
  }

  /** What is left of an update of {@code batch} after the later changes. */
  FileUpdate without(FileUpdate update, long batch) {
    long size = update.sizeAtLeastBytes();
    boolean timed = false;
    SortedMap<Long, List<Extent>> extents = new TreeMap<>(update.extents());
    for (Later later : byInode.getOrDefault(update.inode().value(), List.of())) {
      if (later.batch() <= batch) {
        continue;
      }
      if (later instanceof Resized resized) {
        size = 0;
        cut(extents, resized.sizeBytes(), Long.MAX_VALUE);
      } else if (later instanceof Punched punched) {
        cut(extents, punched.from(), punched.to());
      } else {
        timed = true;
      }
    }
    return new FileUpdate(
        update.inode(), size, timed ? null : update.modified(), update.changed(), extents);
  }

  private static void cut(SortedMap<Long, List<Extent>> extents, long from, long to) {
    extents.replaceAll((block, list) -> {
      long start = block * Limits.BLOCK_SIZE_BYTES;
      int cutFrom = (int) Math.max(0, Math.min(from - start, Limits.BLOCK_SIZE_BYTES));
      int cutTo = (int) Math.max(0, Math.min(to - start, Limits.BLOCK_SIZE_BYTES));
      return cutFrom < cutTo ? Extents.without(list, cutFrom, cutTo) : list;
    });
  }
}
