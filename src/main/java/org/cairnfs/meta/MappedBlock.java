package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.Extent;

/** One row of EXTENT. */
record MappedBlock(byte[] key, List<Extent> extents) {
  /** Up to this many blocks are looked up one by one, which is cheaper than a scan. */
  private static final int LOOKUP_BLOCKS = 8;

  /** The file's rows at or after block {@code from}: at most {@code max} of them, in order. */
  static List<MappedBlock> find(MetaReader reader, InodeRecord inode, long from, int max) {
    return inode.mappedBlocks == 0
        ? List.of()
        : find(reader, inode.map, from, ExtentList.blocks(inode.sizeBytes), max);
  }

  /** The map's rows in {@code [from, to)}: at most {@code max} of them, in order. */
  static List<MappedBlock> find(MetaReader reader, long map, long from, long to, int max) {
    List<MappedBlock> found = new ArrayList<>();
    if (to - from <= LOOKUP_BLOCKS) {
      for (long block = from; block < to && found.size() < max; block++) {
        byte[] key = Keys.pair(map, block);
        byte[] value = reader.get(MetaTable.EXTENT, key);
        if (value != null) {
          found.add(new MappedBlock(key, ExtentList.decode(value)));
        }
      }
    } else {
      reader.scan(
          MetaTable.EXTENT,
          Keys.pair(map, from),
          Keys.pair(map, to),
          max,
          (key, value) -> found.add(new MappedBlock(key, ExtentList.decode(value))));
    }
    return found;
  }

  long block() {
    return Keys.secondNumber(key);
  }
}
