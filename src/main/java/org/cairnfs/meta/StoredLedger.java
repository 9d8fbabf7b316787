package org.cairnfs.meta;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Extent;

/**
 * The ledger of the replicated state: blob references, garbage, maps to reclaim and usage, in the
 * tables.
 *
 * <p>References are summed over an operation and booked once, so a blob that only moves between
 * files never becomes garbage. Not thread-safe.
 */
final class StoredLedger implements Ledger {
  /**
   * Files of at most this many blocks are freed by the operation that removes them, larger ones by
   * steps.
   */
  static final int FREE_AT_ONCE_BLOCKS = 16;

  private static final int USAGE_BYTES = 4 * Long.BYTES;

  private static final class Change {
    private final BlobSize size;
    private long references;

    /** Whether the blob may be one that no extent ever referred to. */
    private boolean mayBeNew;

    Change(BlobSize size) {
      this.size = size;
    }
  }

  private final MetaView view;
  private final Map<BlobId, Change> changes = new LinkedHashMap<>();
  private long logicalBytes;
  private long inodes;
  private long blobs;
  private long blobBytes;
  private boolean usageChanged;

  StoredLedger(MetaView view) {
    this.view = view;
    loadUsage();
  }

  /** Reads the sums again, after changes of the view were thrown away. */
  void loadUsage() {
    Usage usage = usage(view);
    logicalBytes = usage.logicalBytes();
    inodes = usage.inodes();
    blobs = usage.blobs();
    blobBytes = usage.blobBytes();
    usageChanged = false;
    changes.clear();
  }

  /** The sums as stored; all zero in a new volume. */
  static Usage usage(MetaReader reader) {
    byte[] value = reader.get(MetaTable.SYSTEM, Keys.USAGE);
    if (value == null) {
      return new Usage(0, 0, 0, 0);
    }
    if (value.length != USAGE_BYTES) {
      throw new CorruptMetadataException("usage record of " + value.length + " bytes");
    }
    ByteBuffer in = ByteBuffer.wrap(value);
    return new Usage(in.getLong(), in.getLong(), in.getLong(), in.getLong());
  }

  /** The sums, with everything settled. */
  Usage usage() {
    return new Usage(logicalBytes, inodes, blobs, blobBytes);
  }

  /** Puts the sums into the view if they changed: once an entry, not once an operation. */
  void storeUsage() {
    if (usageChanged) {
      ByteBuffer out = ByteBuffer.allocate(USAGE_BYTES).putLong(logicalBytes).putLong(inodes);
      view.put(
          MetaTable.SYSTEM, Keys.USAGE, out.putLong(blobs).putLong(blobBytes).array());
      usageChanged = false;
    }
  }

  @Override
  public void addInodes(long delta) {
    inodes += delta;
    usageChanged = true;
  }

  @Override
  public void addAllocatedBytes(long delta) {
    logicalBytes += delta;
    usageChanged = true;
  }

  @Override
  public void replace(List<Extent> before, List<Extent> after) {
    count(before, -1);
    count(after, 1);
  }

  @Override
  public void abandon(List<Extent> extents) {
    for (Extent extent : extents) {
      changeOf(extent).mayBeNew = true;
    }
  }

  @Override
  public void releaseInode(InodeRecord inode) {
    addInodes(-1);
    addAllocatedBytes(-inode.allocatedBytes);
    if (inode.xattrs > 0) {
      releaseXattrs(inode.number);
    }
    if (inode.mappedBlocks > FREE_AT_ONCE_BLOCKS) {
      releaseMap(inode.map);
    } else if (inode.mappedBlocks > 0) {
      for (MappedBlock block : MappedBlock.find(view, inode, 0, FREE_AT_ONCE_BLOCKS)) {
        free(block);
      }
    }
  }

  @Override
  public void releaseMap(long map) {
    view.put(MetaTable.RECLAIM, Keys.number(map), Records.EMPTY);
  }

  /** Frees the extents of one block that no inode can reach. */
  void free(MappedBlock block) {
    count(block.extents(), -1);
    view.delete(MetaTable.EXTENT, block.key());
  }

  private void releaseXattrs(long inode) {
    List<byte[]> keys = new ArrayList<>();
    view.scan(
        MetaTable.XATTR,
        Keys.number(inode),
        Keys.endOf(inode),
        XattrOps.MAX_XATTRS,
        (key, value) -> keys.add(key));
    for (byte[] key : keys) {
      view.delete(MetaTable.XATTR, key);
    }
  }

  private void count(List<Extent> extents, int delta) {
    for (Extent extent : extents) {
      changeOf(extent).references += delta;
    }
  }

  private Change changeOf(Extent extent) {
    return changes.computeIfAbsent(
        extent.blob().id(), id -> new Change(BlobSize.of(extent.blob())));
  }

  @Override
  public void settle(long second) {
    if (changes.isEmpty()) {
      return;
    }
    for (Map.Entry<BlobId, Change> entry : changes.entrySet()) {
      Change change = entry.getValue();
      // a blob that keeps a part of its extent needs no look
      if (change.references != 0 || change.mayBeNew) {
        settle(entry.getKey(), change, second);
      }
    }
    changes.clear();
  }

  private void settle(BlobId id, Change change, long second) {
    byte[] key = Keys.blob(id);
    byte[] value = view.get(MetaTable.BLOB, key);
    if (value != null && change.references == 0) {
      return;
    }
    BlobRecord old = value == null ? null : BlobRecord.decode(value);
    long before = old == null ? 0 : old.references();
    long after = before + change.references;
    if (after < 0) {
      throw new CorruptMetadataException("blob " + id + " would have " + after + " references");
    }
    BlobSize size = old == null ? change.size : old.size();
    if (before == 0 && after > 0) {
      if (old != null) {
        view.delete(MetaTable.GARBAGE, Keys.garbage(old.garbageSecond(), id));
      }
      addBlobs(1, size);
    }
    if (after == 0) {
      view.put(MetaTable.GARBAGE, Keys.garbage(second, id), Records.EMPTY);
      addBlobs(before > 0 ? -1 : 0, size);
    }
    view.put(MetaTable.BLOB, key, new BlobRecord(after, size, after == 0 ? second : 0).encode());
  }

  private void addBlobs(int delta, BlobSize size) {
    if (delta != 0) {
      blobs += delta;
      blobBytes += (long) delta * size.plainLengthBytes();
      usageChanged = true;
    }
  }
}
