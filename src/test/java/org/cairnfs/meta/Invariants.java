package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Extent;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;

/** What must hold of the tables after every entry, computed anew from the rows. */
final class Invariants {
  private final MetaReader reader;
  private final Map<Long, InodeRecord> inodes = new TreeMap<>();
  private final Map<Long, Long> mapOwners = new HashMap<>();
  private final Set<Long> orphans = new HashSet<>();

  Invariants(MetaReader reader) {
    this.reader = reader;
  }

  void check() {
    all(
        MetaTable.INODE,
        (key, value) ->
            inodes.put(Keys.firstNumber(key), InodeRecord.decode(Keys.firstNumber(key), value)));
    all(MetaTable.ORPHAN, (key, value) -> orphans.add(Keys.secondNumber(key)));
    for (InodeRecord inode : inodes.values()) {
      assertThat(mapOwners.put(inode.map, inode.number))
          .as("owner of map %s", inode.map)
          .isNull();
    }
    checkLinks();
    checkReachable();
    checkExtents();
    checkXattrs();
  }

  private void checkLinks() {
    Map<Long, Integer> names = new HashMap<>();
    Map<Long, Long> entries = new HashMap<>();
    Map<Long, Integer> subdirectories = new HashMap<>();
    all(MetaTable.DENTRY, (key, value) -> {
      DentryRecord dentry = DentryRecord.decode(value);
      InodeRecord inode = inodes.get(dentry.inode());
      assertThat(inode).as("inode %s of a dentry", dentry.inode()).isNotNull();
      assertThat(dentry.type()).isEqualTo(inode.mode & FileMode.TYPE_MASK);
      long parent = Keys.firstNumber(key);
      assertThat(inodes.get(parent)).as("directory %s of a dentry", parent).isNotNull();
      names.merge(inode.number, 1, Integer::sum);
      entries.merge(parent, 1L, Long::sum);
      if (inode.isDirectory()) {
        subdirectories.merge(parent, 1, Integer::sum);
        assertThat(inode.parent).isEqualTo(parent);
      }
    });
    for (InodeRecord inode : inodes.values()) {
      int named = names.getOrDefault(inode.number, 0);
      boolean root = inode.number == InodeNumber.ROOT.value();
      if (inode.isDirectory()) {
        assertThat(inode.sizeBytes).isEqualTo(entries.getOrDefault(inode.number, 0L));
        int expected = named == 0 && !root ? 0 : 2 + subdirectories.getOrDefault(inode.number, 0);
        assertThat(inode.links).as("links of directory %s", inode.number).isEqualTo(expected);
      } else {
        assertThat(inode.links).as("links of %s", inode.number).isEqualTo(named);
      }
      assertThat(orphans.contains(inode.number)).isEqualTo(inode.links == 0);
    }
  }

  private void checkReachable() {
    for (InodeRecord inode : inodes.values()) {
      Deque<Long> path = new ArrayDeque<>();
      InodeRecord at = inode;
      while (at.isDirectory() && at.links > 0 && at.number != InodeNumber.ROOT.value()) {
        assertThat(path).as("a directory above itself").doesNotContain(at.number);
        path.add(at.number);
        at = inodes.get(at.parent);
        assertThat(at).isNotNull();
      }
    }
  }

  private void checkExtents() {
    Map<BlobId, Long> references = new HashMap<>();
    Map<Long, Long> allocated = new HashMap<>();
    Map<Long, Long> blocks = new HashMap<>();
    Set<Long> reclaimed = new HashSet<>();
    all(MetaTable.RECLAIM, (key, value) -> reclaimed.add(Keys.firstNumber(key)));
    all(MetaTable.EXTENT, (key, value) -> {
      Long owner = mapOwners.get(Keys.firstNumber(key));
      assertThat(owner != null || reclaimed.contains(Keys.firstNumber(key)))
          .as("map has an owner")
          .isTrue();
      for (Extent extent : ExtentList.decode(value)) {
        references.merge(extent.blob().id(), 1L, Long::sum);
        if (owner != null) {
          allocated.merge(owner, (long) extent.length(), Long::sum);
          long end = Keys.secondNumber(key) * Limits.BLOCK_SIZE_BYTES + extent.end();
          assertThat(end).isLessThanOrEqualTo(inodes.get(owner).sizeBytes);
        }
      }
      if (owner != null) {
        blocks.merge(owner, 1L, Long::sum);
      }
    });
    long logical = 0;
    for (InodeRecord inode : inodes.values()) {
      assertThat(inode.allocatedBytes).isEqualTo(allocated.getOrDefault(inode.number, 0L));
      assertThat(inode.mappedBlocks).isEqualTo(blocks.getOrDefault(inode.number, 0L));
      logical += inode.allocatedBytes;
    }
    checkBlobs(references, logical);
  }

  private void checkBlobs(Map<BlobId, Long> references, long logical) {
    Set<BlobId> garbage = new HashSet<>();
    all(
        MetaTable.GARBAGE,
        (key, value) -> assertThat(garbage.add(Keys.blobOfGarbage(key))).isTrue());
    long[] sums = new long[2];
    Map<BlobId, Long> left = new HashMap<>(references);
    all(MetaTable.BLOB, (key, value) -> {
      BlobId id = BlobId.of(key);
      BlobRecord blob = BlobRecord.decode(value);
      Long counted = left.remove(id);
      assertThat(blob.references())
          .as("references of %s", id)
          .isEqualTo(counted == null ? 0 : counted);
      assertThat(garbage.contains(id)).isEqualTo(blob.references() == 0);
      if (blob.references() > 0) {
        sums[0]++;
        sums[1] += blob.size().plainLengthBytes();
      }
    });
    assertThat(left).as("blobs referred to without a record").isEmpty();
    assertThat(StoredLedger.usage(reader))
        .isEqualTo(new Usage(logical, inodes.size(), sums[0], sums[1]));
  }

  private void checkXattrs() {
    Map<Long, Integer> counts = new HashMap<>();
    all(MetaTable.XATTR, (key, value) -> counts.merge(Keys.firstNumber(key), 1, Integer::sum));
    for (InodeRecord inode : inodes.values()) {
      assertThat(inode.xattrs).isEqualTo(counts.getOrDefault(inode.number, 0));
      counts.remove(inode.number);
    }
    assertThat(counts).as("attributes of inodes that are gone").isEmpty();
  }

  private interface Row {
    void accept(byte[] key, byte[] value);
  }

  private void all(MetaTable table, Row row) {
    byte[] end = new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    reader.scan(table, Keys.FIRST, end, Integer.MAX_VALUE, (key, value) -> {
      row.accept(key, value);
      return true;
    });
  }
}
